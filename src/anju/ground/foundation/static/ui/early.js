/* Runs before the first paint, so that nothing jumps: says that scripts work, and folds the navigation if it was folded. */
(function (root) {
  "use strict";
  root.classList.remove("no-js");
  try {
    if (window.localStorage.getItem("anju-nav") === "small") { root.classList.add("nav-small"); }
  } catch (e) { /* private mode: the navigation stays wide */ }
})(document.documentElement);
