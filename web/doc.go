// Package web holds the conference page and the web SDK as they are served: TypeScript built into the folder dist, which is
// committed, so that `go install` and `go run ./cmd/sfu` need neither Node nor a build step.
//
//	api/signaling/v1/*.json --tsgen--> sdk/src/protocol.ts
//	sdk/src/*.ts            --esbuild-> dist/sdk.js     the SDK as one ES module, for pages elsewhere
//	app/*.ts, sdk/src/*.ts  --esbuild-> dist/app.js     the page's program
//	app/css/*.css           --esbuild-> dist/app.css
//	app/index.html, *.svg   ---------> dist             as they are
//
// `go generate ./web` does all of it by esbuild's Go API. The package knows nothing of the server: who serves Dist gives
// index.html for "/" and "/r/{room}". The page loads nothing from elsewhere and holds no inline script or style, so that a
// strict Content-Security-Policy fits it.
package web
