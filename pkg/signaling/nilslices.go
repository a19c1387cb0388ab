package signaling

// An array that a schema requires is never null: a nil slice in these types is written as []. Each method marshals a
// type of the same fields that has no methods.

// MarshalJSON writes Participants as an array in any case.
func (w Welcome) MarshalJSON() ([]byte, error) {
	type plain Welcome
	w.Participants = list(w.Participants)
	return encodeJSON(plain(w))
}

// MarshalJSON writes Publications as an array in any case.
func (p Participant) MarshalJSON() ([]byte, error) {
	type plain Participant
	p.Publications = list(p.Publications)
	return encodeJSON(plain(p))
}

// MarshalJSON writes Slots as an array in any case.
func (s Slots) MarshalJSON() ([]byte, error) {
	type plain Slots
	s.Slots = list(s.Slots)
	return encodeJSON(plain(s))
}

// MarshalJSON writes Speakers as an array in any case.
func (s Speakers) MarshalJSON() ([]byte, error) {
	type plain Speakers
	s.Speakers = list(s.Speakers)
	return encodeJSON(plain(s))
}

// MarshalJSON writes Encodings as an array in any case.
func (e PublicationEncodings) MarshalJSON() ([]byte, error) {
	type plain PublicationEncodings
	e.Encodings = list(e.Encodings)
	return encodeJSON(plain(e))
}

// MarshalJSON writes Slots as an array in any case.
func (n Network) MarshalJSON() ([]byte, error) {
	type plain Network
	n.Slots = list(n.Slots)
	return encodeJSON(plain(n))
}

// MarshalJSON writes Items as an array in any case.
func (v View) MarshalJSON() ([]byte, error) {
	type plain View
	v.Items = list(v.Items)
	return encodeJSON(plain(v))
}

// MarshalJSON writes URLs as an array in any case.
func (s ICEServer) MarshalJSON() ([]byte, error) {
	type plain ICEServer
	s.URLs = list(s.URLs)
	return encodeJSON(plain(s))
}

// list returns s, or an empty slice for nil.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
