package signaling

// TypeNetwork is the event of what the server knows of a participant's downlink.
const TypeNetwork = "network"

// FeedbackKind says what the server hears of the packets that arrive at a participant.
type FeedbackKind string

// The kinds of feedback. With reports alone the estimate is a guess that rises slowly.
const (
	FeedbackNone        FeedbackKind = "none"         // nothing yet, or it is overdue
	FeedbackTransportCC FeedbackKind = "transport-cc" // when each packet arrived
	FeedbackCCFB        FeedbackKind = "ccfb"         // the same, after RFC 8888
	FeedbackReports     FeedbackKind = "reports"      // receiver reports (RFC 3550, section 6.4) and REMB
)

// GrantReason says why a slot gets what it gets, and not more.
type GrantReason string

// The reasons.
const (
	GrantDemand     GrantReason = "demand"     // it has all that it has a use for
	GrantBudget     GrantReason = "budget"     // more does not fit into the estimate
	GrantHysteresis GrantReason = "hysteresis" // more would fit, but that has to last for a while first
	GrantProbe      GrantReason = "probe"      // a probe for more has failed
	GrantPaused     GrantReason = "paused"     // there is not enough for any video
)

// Network tells a participant of its own downlink, as the server sees it. Ephemeral: it comes every 2 s while the figures change (every 10 s
// to who lacks nothing), and within 500 ms when Limited, Feedback or a grant has changed.
type Network struct {
	Estimate int          `json:"estimate"`        // bit/s that the path is taken to carry
	Sending  int          `json:"sending"`         // bit/s that are sent, with the headers of the network
	RTTMs    int          `json:"rttMs,omitempty"` // milliseconds; left out while it is not known
	Loss     float64      `json:"loss"`            // share of the packets that were lost lately, 0 to 1
	Limited  bool         `json:"limited"`         // a slot would get more if the path carried more
	Feedback FeedbackKind `json:"feedback"`
	Slots    []SlotGrant  `json:"slots"` // of video, those that carry a publication which is not muted
}

// SlotGrant says what of a publication is sent on a slot.
type SlotGrant struct {
	MID      string      `json:"mid"`
	Spatial  int         `json:"spatial"`  // of simulcast the encoding, the smallest is 0; -1: nothing is sent
	Temporal int         `json:"temporal"` // the highest layer; -1: nothing is sent
	Why      GrantReason `json:"why"`      // that, and not more
}
