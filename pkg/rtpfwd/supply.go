package rtpfwd

// Supply says how keyframes of an Encoding can be had.
type Supply uint8

const (
	// OnRequest: a request is sent at once, and answered as far as is known.
	OnRequest Supply = iota
	// Scarce: keyframes have cost as much as they may, so that a request has to wait.
	Scarce
	// NotToBeHad: the source is deaf to requests and makes keyframes when it likes, as
	// some broadcasting software does.
	NotToBeHad
)

// String returns the supply in words.
func (s Supply) String() string {
	switch s {
	case OnRequest:
		return "on request"
	case Scarce:
		return "scarce"
	}
	return "not to be had"
}
