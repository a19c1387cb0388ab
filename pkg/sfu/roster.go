package sfu

import "github.com/heliograph/heliograph/pkg/signaling"

// roster is an immutable picture of what can be received in a room. All reconcilers of the room share it, and what each looks for is found
// without a walk through all of it.
type roster struct {
	publications []published // oldest first

	byID     map[string]int32 // places in publications
	bySource map[ownSource]int32
	byCSRC   map[uint32]int32
	video    []int32
	heard    []int32 // audio, unmuted
	silent   []int32 // audio, muted
}

// ownSource names a publication by its owner, who has one of each source.
type ownSource struct {
	owner  string
	source signaling.Source
}

type published struct {
	*Publication
	muted bool
}

// newRoster makes a roster of publications, the oldest first. It keeps the slice.
func newRoster(all []published) *roster {
	r := &roster{
		publications: all,
		byID:         make(map[string]int32, len(all)),
		bySource:     make(map[ownSource]int32, len(all)),
		byCSRC:       make(map[uint32]int32, len(all)),
	}
	for i, pub := range all {
		at := int32(i)
		r.byID[pub.id], r.byCSRC[pub.csrc] = at, at
		r.bySource[ownSource{pub.owner.id, pub.source}] = at
		switch {
		case pub.kind == signaling.KindVideo:
			r.video = append(r.video, at)
		case pub.muted:
			r.silent = append(r.silent, at)
		default:
			r.heard = append(r.heard, at)
		}
	}
	return r
}

// place is where a publication is; false: it is not, any more.
func (r *roster) place(pub *Publication) (int32, bool) {
	if pub == nil {
		return 0, false
	}
	at, ok := r.byID[pub.id]
	return at, ok && r.publications[at].Publication == pub
}

// of is what an owner publishes of a source.
func (r *roster) of(owner string, source signaling.Source) (published, bool) {
	at, ok := r.bySource[ownSource{owner, source}]
	if !ok {
		return published{}, false
	}
	return r.publications[at], true
}

// named is the publication whose packets this CSRC marks.
func (r *roster) named(csrc uint32) (published, bool) {
	at, ok := r.byCSRC[csrc]
	if !ok {
		return published{}, false
	}
	return r.publications[at], true
}
