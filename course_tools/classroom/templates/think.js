// Points and comments for answers in words. All text of students is in the page already, escaped; here it is only
// read from attributes and written as text, never as HTML.
"use strict";

const { draft: folder, made, columns, name: table } = document.body.dataset;
const key = `think:${folder}`;
const words = (text) => text.toLowerCase().split(/\s+/).join(" ").trim();
const answers = [...document.querySelectorAll(".answer")].map((element) => {
  const section = element.closest("section");
  return {
    element,
    section,
    students: JSON.parse(element.dataset.students),
    words: words(element.querySelector(".said").textContent),
    points: element.querySelector(".points"),
    comment: element.querySelector(".comment"),
    buttons: [...element.querySelectorAll("[data-value]")],
    reuse: element.querySelector(".reuse"),
  };
});
let saved = true;

const name = (answer, student) => JSON.stringify([answer.section.dataset.task, student]);
const isMarked = (answer) => answer.points.value !== "" && answer.points.validity.valid;

const differs = ({ element, points, comment }) =>
  points.value !== element.dataset.points || comment.value !== element.dataset.comment;

// A draft belongs to a student and to these words: who gave the same answer may change.
function draft() {
  const marks = {};
  for (const answer of answers.filter(differs)) {
    for (const student of answer.students) {
      marks[name(answer, student)] = [answer.points.value, answer.comment.value, answer.words];
    }
  }
  return marks;
}

// The browser may forbid to keep anything; then nothing is kept until the table is saved.
function keep() {
  try {
    localStorage.setItem(key, JSON.stringify({ made, saved, marks: draft() }));
  } catch {}
}

// What was saved is in a newer page already, or a person has changed it since.
function kept() {
  try {
    const last = JSON.parse(localStorage.getItem(key));
    return last && !(last.saved && last.made !== made) ? last.marks : {};
  } catch {
    return {};
  }
}

function restore() {
  const last = kept();
  for (const answer of answers) {
    const { points, comment } = answer.element.dataset;
    const drafts = answer.students.map((student) => last[name(answer, student)]);
    [answer.points.value, answer.comment.value] =
      drafts.find((each) => each && each[2] === answer.words) ?? [points, comment];
    if (differs(answer)) saved = false;
  }
}

function show() {
  const students = (list) => list.reduce((n, answer) => n + answer.students.length, 0);
  const marked = answers.filter(isMarked);
  const note = saved ? "" : " · not saved";
  document.getElementById("progress").textContent = `${students(marked)} of ${students(answers)} marked${note}`;
  const onlyOpen = document.getElementById("open").checked;
  for (const answer of answers) {
    const done = isMarked(answer);
    answer.element.classList.toggle("marked", done);
    answer.element.hidden = onlyOpen && done && !answer.element.contains(document.activeElement);
    answer.element.style.display = answer.element.hidden ? "none" : "";
    for (const button of answer.buttons) {
      button.setAttribute("aria-pressed", String(done && Number(button.dataset.value) === Number(answer.points.value)));
    }
  }
}

// Below every answer: the comments that stand at other answers to the question.
function offer(section) {
  const here = answers.filter((answer) => answer.section === section);
  const comments = [...new Set(here.map((answer) => answer.comment.value.trim()).filter(Boolean))];
  for (const answer of here) {
    const others = comments.filter((text) => text !== answer.comment.value.trim()).slice(0, 8);
    answer.reuse.replaceChildren(
      ...others.map((text) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = text;
        button.addEventListener("click", () => {
          answer.comment.value = text;
          changed(answer);
          offer(section);
        });
        return button;
      }),
    );
  }
}

function changed() {
  saved = false;
  keep();
  show();
}

const cell = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function save() {
  const wrong = answers.find((answer) => !answer.points.validity.valid);
  if (wrong) {
    wrong.points.reportValidity();
    return;
  }
  const lines = [columns];
  for (const answer of answers.filter(isMarked)) {
    const { lesson, task } = answer.section.dataset;
    const comment = answer.comment.value.replaceAll(/\s+/g, " ").trim();
    for (const student of answer.students) {
      const said = answer.element.dataset.answer;
      lines.push([student, lesson, task, answer.points.value, comment, said].map(cell).join(","));
    }
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
  link.download = table;
  link.click();
  saved = true;
  keep();
  show();
}

for (const answer of answers) {
  for (const button of answer.buttons) {
    button.addEventListener("click", () => {
      answer.points.value = button.dataset.value;
      changed();
    });
  }
  answer.points.addEventListener("input", changed);
  answer.comment.addEventListener("input", changed);
  answer.comment.addEventListener("change", () => offer(answer.section));
}
document.getElementById("save").addEventListener("click", save);
document.getElementById("open").addEventListener("change", show);
document.getElementById("names").addEventListener("change", (event) => {
  document.body.classList.toggle("named", event.target.checked);
});
window.addEventListener("beforeunload", (event) => {
  if (!saved) event.preventDefault();
});
restore();
for (const section of new Set(answers.map((answer) => answer.section))) offer(section);
show();
