// Serves Azure Blob from memory at a free port, which it prints, until its standard input ends.
"use strict";

// Whoever started this holds the other end: when that process dies, so does this one.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));

// The version of the service's interface is checked by a list that is older than the client.
process.argv.splice(2, process.argv.length, "--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence",
  "--skipApiVersionCheck", "--disableTelemetry", "--silent");
require("../lib/node_modules/azurite/dist/src/blob/main.js");
