package rtpfwd

// Reason says why a packet was dropped or a resend refused. Its String is the
// label of a metric.
type Reason uint8

// The reasons. Those up to RewoundPicture come from Inbound, the others from
// Outbound; TooOld, Duplicate and Malformed from both.
const (
	// None: the packet was not dropped.
	None Reason = iota
	// Malformed: header, extension, padding or payload do not parse.
	Malformed
	// Duplicate: the packet was there already; also a repair that was not needed.
	Duplicate
	// TooOld: older than the window of the last 1024 packets, or from before a
	// switch of the source.
	TooOld
	// UnknownPayloadType: the payload type was not negotiated for this stream.
	UnknownPayloadType
	// PaddingOnly: no payload, as in bandwidth probes.
	PaddingOnly
	// SequenceJump: far from all other sequence numbers, and not yet confirmed by
	// a second packet (RFC 3550 appendix A.1).
	SequenceJump
	// RewoundPicture: the picture id goes backwards, and it is no keyframe.
	RewoundPicture
	// NoSource: Outbound has no source for the packet, or one of another codec.
	NoSource
	// NoRoom: the packet does not fit into the buffer of the caller.
	NoRoom
	// Gone: the packet that was asked for again is in no ring any more.
	Gone
	// TooSoon: the packet was resent less than one round trip ago.
	TooSoon
	// TooOften: the packet was resent eight times.
	TooOften
	// OverBudget: resends would pass their share of all bytes sent.
	OverBudget
	// ReasonCount is the number of reasons, for tables indexed by Reason.
	ReasonCount
)

var reasonNames = [ReasonCount]string{
	"none", "malformed", "duplicate", "too_old", "unknown_payload_type", "padding_only", "sequence_jump",
	"rewound_picture",
	"no_source", "no_room", "gone", "too_soon", "too_often", "over_budget",
}

// String returns the metric label, in snake case.
func (r Reason) String() string {
	if r >= ReasonCount {
		return "unknown"
	}
	return reasonNames[r]
}
