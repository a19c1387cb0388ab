package rtpfwd

// rememberedSpans is how many changes of the shift a renumbering can still apply
// to late packets. With every second frame of 30 left out that is two seconds.
const rememberedSpans = 32

// shiftSpan says that numbers from first on, up to the next span, are lowered by shift.
type shiftSpan struct{ first, shift int64 }

// renumbering maps the numbers of a source to numbers in which what was left out
// on purpose leaves no hole, while what was lost leaves one of its size, so that
// it can still come late and take its place.
//
//	source   10 11 12 13 14 15      11 left out, 13 lost
//	number   10  - 11 12 13 14      the place 12 is kept for 13
//
// What is left out after a later number was given cannot be closed up any more.
type renumbering struct {
	newest int                        // index of the newest span
	count  int                        // spans in use
	next   int64                      // one above the highest number of the source
	spans  [rememberedSpans]shiftSpan // a ring, ascending
}

// start begins anew: the source number from becomes number, and lower ones are
// unknown.
func (r *renumbering) start(from, number int64) {
	r.newest, r.count, r.next = 0, 1, from
	r.spans[0] = shiftSpan{first: from, shift: from - number}
}

// forget makes all below the highest number of the source unknown.
func (r *renumbering) forget() {
	r.spans[0] = shiftSpan{first: r.next - 1, shift: r.spans[r.newest].shift}
	r.newest, r.count = 0, 1
}

// last returns the highest number that was given or kept.
func (r *renumbering) last() int64 { return r.next - 1 - r.spans[r.newest].shift }

// take returns the number of source number n; false if n is older than what is
// remembered. Taking n again gives the same number.
func (r *renumbering) take(n int64) (int64, bool) {
	if n >= r.next {
		r.next = n + 1
		return n - r.spans[r.newest].shift, true
	}
	return r.find(n)
}

// leave leaves n out. If n comes after all that were taken, nothing remains of it.
// Else there is a place kept for it: leave returns that number and true.
func (r *renumbering) leave(n int64) (int64, bool) {
	if n < r.next {
		return r.find(n)
	}
	span := r.spans[r.newest]
	if span.first != n {
		r.newest = (r.newest + 1) % rememberedSpans
		r.count = min(r.count+1, rememberedSpans)
	}
	r.spans[r.newest] = shiftSpan{first: n + 1, shift: span.shift + 1}
	r.next = n + 1
	return 0, false
}

// find returns the number that was kept for n.
func (r *renumbering) find(n int64) (int64, bool) {
	for i := range r.count {
		span := &r.spans[(r.newest-i+rememberedSpans)%rememberedSpans]
		if n >= span.first {
			return n - span.shift, true
		}
	}
	return 0, false
}
