/* The map: polygons and points without tiles, from GeoJSON in WGS-84. A click on an area follows its address (the next
   level down); the list beside the map is the same thing for a keyboard, and lights the area up. */
(function () {
  "use strict";

  function start(place) {
    if (place.dataset.ready || !window.L) { return; }
    place.dataset.ready = "1";
    var lit = {};
    var list = document.querySelector('[data-map-list="' + place.id + '"]');

    function read(address) {
      return fetch(address, { headers: { Accept: "application/geo+json, application/json" }, credentials: "same-origin" })
        .then(function (answer) {
          if (!answer.ok) { throw new Error(answer.status); }
          return answer.json();
        });
    }
    function words(facts) {
      var box = document.createElement("span");
      var value = facts.text || (facts.value === undefined || facts.value === null ? "" : facts.value + (place.dataset.unit ? " " + place.dataset.unit : ""));
      box.textContent = facts.name + " ";
      if (value) {
        var strong = document.createElement("b");
        strong.textContent = value;
        box.appendChild(strong);
      }
      return box;
    }
    function light(id, on) {
      (lit[id] || []).forEach(function (element) { element.classList.toggle("is-lit", on); });
      if (list) {
        var link = list.querySelector('[data-area="' + id + '"]');
        if (link) { link.classList.toggle("is-lit", on); }
      }
    }
    function attach(feature, layer) {
      var facts = feature.properties || {};
      var id = String(facts.id === undefined ? feature.id : facts.id);
      layer.bindTooltip(words(facts), { sticky: true, direction: "top" });
      layer.on("add", function () {
        var element = layer.getElement && layer.getElement();
        if (element) { (lit[id] = lit[id] || []).push(element); }
      });
      layer.on("mouseover", function () { light(id, true); });
      layer.on("mouseout", function () { light(id, false); });
      if (facts.url) { layer.on("click", function () { window.location.assign(facts.url); }); }
    }

    Promise.all([read(place.dataset.areas), place.dataset.points ? read(place.dataset.points) : null]).then(function (both) {
      place.textContent = "";
      var map = window.L.map(place, {
        attributionControl: false, zoomControl: false, zoomSnap: 0.25, scrollWheelZoom: false, keyboard: true,
        zoomAnimation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches
      });
      window.L.control.zoom({ zoomInTitle: place.dataset.textIn, zoomOutTitle: place.dataset.textOut }).addTo(map);
      var areas = window.L.geoJSON(both[0], {
        style: function (feature) {
          var tone = (feature.properties || {}).tone;
          return { className: "area" + (tone ? " area-" + tone : ""), weight: 1.2, fillOpacity: 1 };
        },
        onEachFeature: attach
      }).addTo(map);
      var bounds = areas.getBounds();
      if (both[1]) {
        var points = window.L.geoJSON(both[1], {
          pointToLayer: function (feature, where) {
            return window.L.circleMarker(where, { radius: 6, className: "point point-" + ((feature.properties || {}).tone || "active") });
          },
          onEachFeature: attach
        }).addTo(map);
        if (!bounds.isValid()) { bounds = points.getBounds(); }
      }
      if (bounds.isValid()) { map.fitBounds(bounds, { padding: [12, 12] }); } else { map.setView([35, 105], 4); }
      map.on("focus", function () { map.scrollWheelZoom.enable(); });
      map.on("blur", function () { map.scrollWheelZoom.disable(); });
    }).catch(function () {
      place.textContent = "";
      var sorry = document.createElement("p");
      sorry.className = "map-wait";
      sorry.setAttribute("role", "status");
      sorry.textContent = place.dataset.textFailed;
      place.appendChild(sorry);
    });
    if (list) {
      ["mouseover", "focusin", "mouseout", "focusout"].forEach(function (name) {
        list.addEventListener(name, function (event) {
          var link = event.target.closest("[data-area]");
          if (link) { light(link.dataset.area, name === "mouseover" || name === "focusin"); }
        });
      });
    }
  }

  function ready() { Array.prototype.forEach.call(document.querySelectorAll("[data-map]"), start); }
  if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", ready); } else { ready(); }
  document.addEventListener("htmx:load", ready);
})();
