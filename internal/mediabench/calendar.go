package mediabench

import (
	"sync"
	"time"
)

// calendar knows when the frames of a publisher were sent, by their RTP time.
type calendar struct {
	mu    sync.Mutex
	shows [4096]show // by frame, modulo their number
	next  int64      // frame
}

type show struct {
	rtpTime uint32
	at      int64 // Unix time in nanoseconds
}

// frameOffset is what a server adds to the RTP times of one viewer. It is found with the first frame that arrives.
type frameOffset struct {
	known bool
	by    uint32
	frame int64 // the one that arrived last
}

// put notes the next frame.
func (c *calendar) put(rtpTime uint32, at int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shows[c.next%int64(len(c.shows))] = show{rtpTime, at}
	c.next++
}

// newest is the frame that was sent last; -1: none.
func (c *calendar) newest() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next - 1
}

// find tells which frame has an RTP time that arrived, and how long it was on its way. A time that belongs to no frame, or to one that
// was not sent yet, shows that the offset is not right: it is taken anew from the frame sent last.
func (c *calendar) find(o *frameOffset, rtpTime uint32, arrived int64) (frame int64, delay time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.known {
		if i, ok := c.frameAt(rtpTime-o.by, o.frame); ok {
			if delay := arrived - c.shows[i%int64(len(c.shows))].at; delay >= 0 {
				o.frame = i
				return i, time.Duration(delay), true
			}
		}
	}
	for i := c.next - 1; i >= max(c.next-int64(len(c.shows)), 0); i-- {
		s := c.shows[i%int64(len(c.shows))]
		if s.at <= arrived {
			*o = frameOffset{known: true, by: rtpTime - s.rtpTime, frame: i}
			return i, time.Duration(arrived - s.at), true
		}
	}
	return 0, 0, false
}

// frameAt looks for a frame by its RTP time: that of the last packet or the one after it, as a rule.
func (c *calendar) frameAt(rtpTime uint32, near int64) (int64, bool) {
	oldest := max(c.next-int64(len(c.shows)), 0)
	lo, hi := oldest, c.next
	for _, i := range [...]int64{near, near + 1} {
		if i >= oldest && i < c.next && c.shows[i%int64(len(c.shows))].rtpTime == rtpTime {
			return i, true
		}
	}
	for lo < hi {
		mid := (lo + hi) / 2
		if int32(c.shows[mid%int64(len(c.shows))].rtpTime-rtpTime) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < c.next && c.shows[lo%int64(len(c.shows))].rtpTime == rtpTime {
		return lo, true
	}
	return 0, false
}
