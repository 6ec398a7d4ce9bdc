# Grading where there is no bubblewrap: on macOS, on Windows without WSL, or where user namespaces are forbidden.
#
#   docker build --file docker/grade.Dockerfile --tag grade .
#   docker run --rm --privileged --network none --volume "$PWD/SUBMISSIONS:/in:ro" --volume "$PWD/grades:/out" grade
#
# --privileged lets bubblewrap make its namespaces inside the container, which is thrown away afterwards and has no network. On
# Docker Desktop it is a guest in a virtual machine; on a Linux server prefer bubblewrap without a container.
FROM python:3.12-slim
RUN apt-get update && apt-get install --yes --no-install-recommends bubblewrap && rm -rf /var/lib/apt/lists/*
COPY . /course
RUN pip install --no-cache-dir torch torchvision --index-url https://download.pytorch.org/whl/cpu && pip install --no-cache-dir --editable "/course[teach]"
ENTRYPOINT ["python", "-m", "course_tools", "grade", "/in", "--out", "/out"]
