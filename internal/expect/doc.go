// Package expect reads the bounds that a measurement has to keep, as given by --expect, and holds figures against them:
//
//	--expect 'ms_per_join<=1.5' --expect 'joins_per_second>=300'
//
// A figure that was not measured fails its bound, and so does one that is no number: a check that cannot fail guards nothing.
//
// It must not know what was measured, and prints nothing.
package expect
