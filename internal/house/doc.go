// Package house holds the rules of this code base as tests, each with its reason in its message: what packages may import,
// which words name which things, how long a file may be, that documentation leads somewhere and that the README's
// commands work.
//
//	imports_test.go   who may import whom, and what pure packages must not do
//	packages_test.go  a doc.go for every package, a comment for every exported name
//	words_test.go     the glossary, on exported names and on the protocol
//	files_test.go     length, leftovers, paths of a machine
//	tests_test.go     no real sleeping
//	docs_test.go      links lead somewhere
//	readme_test.go    each command of the README is run or validated
//
// The only code outside tests is the glossary, which the server's own tests use on the names of its metrics. The package must
// not know any other package of the module: it reads their source.
package house
