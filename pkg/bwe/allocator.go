package bwe

import "time"

// Why is the reason why a track gets what it gets, and not more.
type Why uint8

// The reasons.
const (
	WhyDemand     Why = iota // it has all that it has a use for
	WhyBudget                // more does not fit into the target
	WhyHysteresis            // more would fit, but that must last for a while, or the track was switched a moment ago
	WhyProbe                 // a probe for more has failed
	WhyPaused                // there is not enough for any video
)

// String returns the reason in one word, for statistics.
func (w Why) String() string {
	names := [...]string{"demand", "budget", "hysteresis", "probe", "paused"}
	if int(w) < len(names) {
		return names[w]
	}
	return "unknown"
}

// Grant says what of a Ladder is sent.
type Grant struct {
	ID     int64
	Option int // index into the options of the Ladder, or Off
	Why    Why
}

// Allocator shares out what a Transport may send among its tracks, over time: down at once, up when it will last. Each
// switch is seen, and one to another spatial layer costs a keyframe, so that it keeps what it has granted while that is
// not much worse than the best. The zero value is ready. It is not safe for concurrent use; calls must come in the order
// of their times.
//
//	ladders.go     what is offered, in the form it is divided in
//	room.go        what may be used: the target over time, and probes
//	hysteresis.go  what each track had, and when it may have more
//	backoff.go     what is learned from rises that were too much
//	dividing.go    from what is granted to what shall be
//	shuffling.go   from one to the other, where that is much better
//	pausing.go     when there is not enough for any video
//	granting.go    why, and what a probe should look for
type Allocator struct {
	room    room
	pause   pause
	backoff backoff
	demand  Demand
	now     time.Duration
	idle    bool // time alone changes nothing

	divider    Divider
	offers     []Ladder  // the ladders of this call, their options valid and by rising rate and utility
	options    []Option  // of all offers, one after the other
	index      []int     // of each of these in the ladder of the caller
	starts     []int     // of each offer in options
	held       []held    // one for each offer, in the same order
	before     []held    // of the last call
	choices    []int     // what shall be granted
	other      []int     // what would be best now
	kept       []int     // what was granted, as far as it is still offered
	capped     []Ladder  // the offers, as far as each may go
	least      []float64 // what each must be worth to be switched to more
	fresh      bool      // somebody asks for something new, or has left
	short      bool      // what was granted did not fit
	keptBefore Bitrate   // what was granted in the last call
	turn       int       // of what is tried, see insist
}

// Allocate appends a Grant for each ladder, in their order. The reserve is what audio and retransmissions take: it comes
// off the top. It is to be called when tracks, views or rates have changed, after each change of the estimator's State
// (ten times a second are enough), and at Next.
//
// The granted rates are at most the target less the reserve, with one exception: the smallest base stays for 2 s when it
// does not fit any more, then all video is paused. A new track, and one whose View has changed, gets at once what fits.
// All else gets more only if that is worth at least 10 %, and fits into 0.9 of the target for 2 s or of what a probe has
// shown; 3 s have to pass after a switch, and twice as many each time a rise had to be undone, up to 30. A target that is
// below the known capacity for less than a second takes nothing away: the Pacer bridges that.
func (a *Allocator) Allocate(now time.Duration, s State, reserve Bitrate, ladders []Ladder, out []Grant) []Grant {
	a.now, a.short = max(a.now, now), false
	a.room.note(a.now, s, reserve)
	a.load(ladders)
	if a.mayVideo() {
		a.divide()
	}
	a.commit()
	return a.grant(out)
}

// Demand is for Estimator.SetDemand, after each Allocate.
func (a *Allocator) Demand() Demand { return a.demand }

// Paused tells whether all video is off because not even one base fits.
func (a *Allocator) Paused() bool { return a.pause.paused }

// Next returns when Allocate is due even if nothing changes; ok is false if time alone changes nothing.
func (a *Allocator) Next() (at time.Duration, ok bool) { return a.now + allocateEvery, !a.idle }

// allocateEvery is how often waiting is looked at.
const allocateEvery = 500 * time.Millisecond
