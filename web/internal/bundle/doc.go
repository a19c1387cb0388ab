// Package bundle builds the folder web/dist and the SDK's tests from TypeScript, by esbuild's Go API. The output depends on
// the sources and on esbuild's version only, so that a test can tell whether the committed files are current.
//
// The package knows what is built of what; it does not know what the files mean, and writes nothing to disk.
package bundle
