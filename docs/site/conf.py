"""Settings of the site, for Sphinx; `course site` calls it."""

from course_tools.publish import address

HERE = address.derived()

project = "Deep generative models"
author = "the authors of this course"
copyright = "text and figures: CC BY 4.0, code: MIT"
language = "en"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.githubpages",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinxext.opengraph",
    "course_tools.publish.sphinx_course",
]

nb_execution_mode = "off"  # the outputs are the committed ones
nb_merge_streams = True
nb_render_image_options = {"align": "center"}
nb_ipywidgets_js = {}  # a page has no kernel, and asks no other host for scripts
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_format = "short"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
default_role = "code"  # the docstrings quote names as markdown does

mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {"options": {"enableMenu": False}}

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["static"]
html_css_files = ["course.css"]
html_js_files = ["course.js"]
html_favicon = "static/favicon.svg"
html_context = {"default_mode": "auto"}
html_copy_source = html_show_sourcelink = False
html_theme_options = {
    "repository_provider": "github",
    "repository_url": HERE.url,
    "repository_branch": address.BRANCH,
    "use_repository_button": True,
    "use_edit_page_button": True,
    "use_issues_button": True,
    "use_download_button": False,
    "home_page_in_toc": False,
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "toc_title": "On this page",
    "navbar_persistent": [],  # the search field stands in the sidebar
    "logo": {"text": project},
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_exclude = ".linenos, .gp, .go"
copybutton_selector = "div.cell_input pre, div.highlight-sh pre, div.highlight-python pre"

ogp_site_url = HERE.pages
ogp_site_name = project
ogp_image = "_static/social.png"
ogp_social_cards = {"enable": False}

# `make links`. GitHub and Colab make their anchors by a script, which this does not run.
linkcheck_anchors = False
linkcheck_timeout, linkcheck_retries = 30, 3
