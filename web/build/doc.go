// Command build writes the files that are made of others in the folder web: sdk/src/protocol.ts from the protocol's
// schemas, and the folder dist from the TypeScript sources. It runs by `go generate ./web`, in the folder web.
//
// With -tests DIR it writes the tests of the SDK and the page for `node --test DIR` instead.
package main
