package signaling

// An array that a schema requires is never null: a nil slice in these types is written as []. Each method whole makes a value of a
// type with the same fields and without methods, which encodeJSON writes; encoding/json calls MarshalJSON where one is part of another value.

// whole is what encodeJSON writes in the place of a value.
type whole interface{ whole() any }

// MarshalJSON writes Participants as an array in any case.
func (w Welcome) MarshalJSON() ([]byte, error) { return encodeJSON(w) }

func (w Welcome) whole() any {
	type plain Welcome
	w.Participants = list(w.Participants)
	return plain(w)
}

// MarshalJSON writes Publications as an array in any case.
func (p Participant) MarshalJSON() ([]byte, error) { return encodeJSON(p) }

func (p Participant) whole() any {
	type plain Participant
	p.Publications = list(p.Publications)
	return plain(p)
}

// MarshalJSON writes Slots as an array in any case.
func (s Slots) MarshalJSON() ([]byte, error) { return encodeJSON(s) }

func (s Slots) whole() any {
	type plain Slots
	s.Slots = list(s.Slots)
	return plain(s)
}

// MarshalJSON writes Speakers as an array in any case.
func (s Speakers) MarshalJSON() ([]byte, error) { return encodeJSON(s) }

func (s Speakers) whole() any {
	type plain Speakers
	s.Speakers = list(s.Speakers)
	return plain(s)
}

// MarshalJSON writes Encodings as an array in any case.
func (e PublicationEncodings) MarshalJSON() ([]byte, error) { return encodeJSON(e) }

func (e PublicationEncodings) whole() any {
	type plain PublicationEncodings
	e.Encodings = list(e.Encodings)
	return plain(e)
}

// MarshalJSON writes Slots as an array in any case.
func (n Network) MarshalJSON() ([]byte, error) { return encodeJSON(n) }

func (n Network) whole() any {
	type plain Network
	n.Slots = list(n.Slots)
	return plain(n)
}

// MarshalJSON writes Items as an array in any case.
func (v View) MarshalJSON() ([]byte, error) { return encodeJSON(v) }

func (v View) whole() any {
	type plain View
	v.Items = list(v.Items)
	return plain(v)
}

// MarshalJSON writes URLs as an array in any case.
func (s ICEServer) MarshalJSON() ([]byte, error) { return encodeJSON(s) }

func (s ICEServer) whole() any {
	type plain ICEServer
	s.URLs = list(s.URLs)
	return plain(s)
}

// list returns s, or an empty slice for nil.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
