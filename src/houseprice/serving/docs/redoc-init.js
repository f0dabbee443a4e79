// The search would need a worker from a blob: URL, which the content security policy does not allow.
Redoc.init("openapi.json", { disableSearch: true }, document.getElementById("redoc"));
