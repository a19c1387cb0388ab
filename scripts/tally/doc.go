// Command tally runs one stage of scripts/test and prints one line about it; only when something failed does it show the
// output of what failed.
//
//	tally -name "unit tests" -sum FILE -strict -- go test -json ./...
//	unit tests         214 passed, 0 failed    61.2 s
//
// It reads the events of go test -json. A package that does not build, a test binary that dies and a command that fails
// without naming a test count as one failure each. With -strict a test that skips itself has failed: the machine that
// runs all tests has all they need. The line "passed failed" is added to FILE, from which scripts/test makes its sum.
//
// Figures that tests log as lines of JSON are printed as a table after the line of the stage:
//
//	{"id":"T-22","what":"frames of video","goal":">= 95 %","value":"99.5 %","pass":true}
//
//	id    what             goal     value
//	T-22  frames of video  >= 95 %  99.5 %
//
// It must not know which stages there are.
package main
