/* "Use my position": fills two hidden fields (WGS-84) when the person asks for it; the form works without it. */
(function () {
  "use strict";
  document.querySelectorAll("[data-locate]").forEach(function (button) {
    var form = button.closest("form");
    var said = form.querySelector("[data-locate-said]");
    if (!navigator.geolocation) { return; }
    button.hidden = false;
    button.addEventListener("click", function () {
      said.textContent = button.dataset.textWait;
      navigator.geolocation.getCurrentPosition(function (found) {
        form.elements.longitude.value = found.coords.longitude.toFixed(6);
        form.elements.latitude.value = found.coords.latitude.toFixed(6);
        said.textContent = button.dataset.textDone.replace("{m}", Math.round(found.coords.accuracy));
      }, function () {
        said.textContent = button.dataset.textFailed;
      }, { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 });
    });
  });
})();
