// Every page of the wizard: what a screen reader and the keyboard begin at is the problem where there is one, else the heading.
const alert = document.querySelector(".alert");
if (location.hash === "") (alert ?? document.querySelector("#page-title"))?.focus({ preventScroll: alert === null });
