(function () {
  var seconds = Number(document.documentElement.dataset.retry);
  if (!(seconds > 0)) return;
  // Where many wait, the server asks for more patience.
  function later(answer) {
    var asked = Number(answer && answer.headers && answer.headers.get("Retry-After"));
    setTimeout(look, asked > 0 ? asked * 1000 : seconds * 1000 * (0.5 + Math.random()));
  }
  // A gateway's 502 to 504 is not the site yet: the page that stands here says more.
  function look() {
    fetch(location.href, { method: "HEAD", cache: "no-store", redirect: "manual" }).then(function (answer) {
      var gateway = answer.status >= 502 && answer.status <= 504;
      if (gateway || answer.headers.has("Upgate-Maintenance")) later(answer);
      else location.reload();
    }, later);
  }
  later();
})();
