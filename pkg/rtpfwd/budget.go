package rtpfwd

const (
	// resendShare is the part of all bytes that may be resends: a third. 30 % loss
	// needs 43 % of the media again, which is 30 % of all bytes.
	resendShare = 3
	// budgetStart is what may be resent before much was sent, in bytes.
	budgetStart = 32 << 10
	// budgetMost bounds what is saved up in quiet times, in bytes.
	budgetMost = 512 << 10
)

// Budget keeps the resends of one Transport within a third of all bytes sent to it,
// so that requests cannot be used to amplify. Each of its Slots has one besides. The
// zero value is ready.
type Budget struct {
	earned int // bytes that may be resent, less budgetStart; times resendShare
}

// Sent notes bytes that were sent: every RTP packet, with resends and padding.
func (b *Budget) Sent(bytes int) {
	b.earned = min(b.earned+bytes, (budgetMost-budgetStart)*resendShare)
}

// has says whether bytes for a resend are there.
func (b *Budget) has(bytes int) bool { return b.earned+budgetStart*resendShare >= bytes*resendShare }

// Allow takes bytes for a resend off the budget; false if they are not there.
func (b *Budget) Allow(bytes int) bool {
	if !b.has(bytes) {
		return false
	}
	b.earned -= bytes * resendShare
	return true
}
