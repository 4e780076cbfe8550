// The last script: every part is known now, so the page may be built.
"use strict";

window.palaestra.start();
