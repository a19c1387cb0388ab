package rtpfwd

// Layer is a selectable part of a publication, in one model for simulcast and SVC.
type Layer struct {
	// Spatial is the index of the encoding with simulcast (0 is the smallest) and
	// the spatial layer with SVC. -1 means nothing at all.
	Spatial int8
	// Temporal is the highest temporal layer that is included, 0 the base layer.
	// More than the source has means all of it.
	Temporal int8
}

// None says that the layer selects nothing.
func (l Layer) None() bool { return l.Spatial < 0 }
