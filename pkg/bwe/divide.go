package bwe

// Option is one way to send a track.
type Option struct {
	Rate    Bitrate // measured, above 0
	Utility float64 // above 0, in any unit that is the same for all tracks; see Utility

	// What the Allocator knows an option by from call to call, and the Divider does not look at. The numbers are different
	// for each option of a Ladder, and rise with what they add.
	Spatial, Temporal int8
	Keyframe          int // bytes that a switch to it from another spatial layer costs at once; 0 if it needs no keyframe
}

// Ladder is what can be sent of one subscription, its steps being the options.
type Ladder struct {
	Options []Option // by rising rate; the first is the base
	Screen  bool     // a screen share: its base comes before those of cameras

	// For the Allocator only.
	ID   int64 // of the subscription, as long as it lasts
	View int64 // another number whenever the receiver asks for something else: a size, a weight
}

// Off is the choice for a track of which nothing is sent.
const Off = -1

// Divider shares out a bitrate among the tracks of a Transport: a knapsack in which each track takes one option or none.
// It says what would be best now, and knows nothing of what was sent before. The zero value is ready; it keeps its memory
// for the next call.
type Divider struct {
	chosen []int
	left   Bitrate
	tracks []Ladder
	least  []float64 // the utility that a step must lead to, by track; nil for any
}

// Divide appends for each track the index of its option, or Off, to choices. Bases come first, so that nobody vanishes for
// the sake of somebody else's sharpness: those of screens, then those with the most utility per bit, as far as they fit.
// What is left goes to the upgrades with the most utility per bit.
func (d *Divider) Divide(budget Bitrate, tracks []Ladder, choices []int) []int {
	d.chosen, d.left, d.tracks = d.chosen[:0], budget, tracks
	for range tracks {
		d.chosen = append(d.chosen, Off)
	}
	for d.addBase(true) {
	}
	for d.addBase(false) {
	}
	for d.upgrade() {
	}
	choices = append(choices, d.chosen...)
	d.tracks = nil
	return choices
}

// raise changes choices to better ones, as long as all of them together fit into a budget. If least is not nil, the better
// choice for a track must have that utility.
func (d *Divider) raise(budget Bitrate, tracks []Ladder, least []float64, choices []int) {
	d.chosen, d.left = append(d.chosen[:0], choices...), budget-totalRate(tracks, choices)
	d.tracks, d.least = tracks, least
	for d.upgrade() {
	}
	copy(choices, d.chosen)
	d.tracks, d.least = nil, nil
}

// totalRate returns what all choices take together.
func totalRate(tracks []Ladder, choices []int) (total Bitrate) {
	for i, c := range choices {
		if c != Off {
			total += tracks[i].Options[c].Rate
		}
	}
	return total
}

// addBase sends one more track, the best of those that fit.
func (d *Divider) addBase(screen bool) bool {
	best, bestDensity := Off, 0.0
	for i := range d.tracks {
		t := &d.tracks[i]
		if t.Screen != screen || d.chosen[i] != Off || len(t.Options) == 0 || t.Options[0].Rate > d.left {
			continue
		}
		if density := t.Options[0].density(Option{}); density > bestDensity {
			best, bestDensity = i, density
		}
	}
	if best == Off {
		return false
	}
	d.take(best, 0)
	return true
}

// upgrade takes the step with the most utility per bit of those that fit. From the options that a track has above its
// present one that is the next corner of the convex hull, or the best that still fits when the corner does not.
func (d *Divider) upgrade() bool {
	track, option, bestDensity := Off, 0, 0.0
	for i := range d.tracks {
		if d.chosen[i] == Off {
			continue
		}
		options := d.tracks[i].Options
		now := options[d.chosen[i]]
		for j := d.chosen[i] + 1; j < len(options); j++ {
			if options[j].Rate-now.Rate > d.left || d.least != nil && options[j].Utility < d.least[i] {
				continue
			}
			if density := options[j].density(now); density > bestDensity {
				track, option, bestDensity = i, j, density
			}
		}
	}
	if track == Off {
		return false
	}
	d.take(track, option)
	return true
}

func (d *Divider) take(track, option int) {
	if now := d.chosen[track]; now != Off {
		d.left += d.tracks[track].Options[now].Rate
	}
	d.left -= d.tracks[track].Options[option].Rate
	d.chosen[track] = option
}

// density returns the utility per bit/s of going from another option to this one. An option that costs nothing more is
// taken as costing 1 bit/s.
func (o Option) density(from Option) float64 {
	return (o.Utility - from.Utility) / float64(max(o.Rate-from.Rate, 1))
}
