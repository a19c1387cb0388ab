package signaling

import (
	"net"
	"time"

	"golang.org/x/time/rate"
)

// Limits of one session, per second, with the burst that each allows at once.
const (
	requestRate, requestBurst = 50, 200             // requests of all types
	offerRate, offerBurst     = 5, 20               // offer and publish
	talkRate, talkBurst       = 64 << 10, 256 << 10 // bytes of message bodies: they are multiplied by the room's size
	refusalRate, refusalBurst = 10, 100             // requests refused by these limits, before the websocket is closed
	pongRate, pongBurst       = 10, 20              // websocket pings that are answered; the others are ignored
	byteRate, byteBurst       = 512_000, 1 << 20    // bytes of all kinds; the server reads no faster
)

// budget holds what one session may still send. It belongs to the goroutine that reads.
type budget struct {
	requests, offers, talk, refusals, pongs *rate.Limiter
}

func newBudget() *budget {
	return &budget{
		requests: rate.NewLimiter(requestRate, requestBurst),
		offers:   rate.NewLimiter(offerRate, offerBurst),
		talk:     rate.NewLimiter(talkRate, talkBurst),
		refusals: rate.NewLimiter(refusalRate, refusalBurst),
		pongs:    rate.NewLimiter(pongRate, pongBurst),
	}
}

// spend takes a request from the budget. The error is CodeRateLimited with the time after which the request would have
// been in order.
func (b *budget) spend(now time.Time, r *Request) error {
	if err := take(b.requests, now, 1); err != nil {
		return err
	}
	switch r.Type {
	case TypeOffer, TypePublish:
		return take(b.offers, now, 1)
	case TypeMessage:
		return take(b.talk, now, min(len(r.Data), talkBurst))
	}
	return nil
}

// refuse takes a refusal from the budget; false means that the session keeps on and is to be closed.
func (b *budget) refuse(now time.Time) bool { return b.refusals.AllowN(now, 1) }

func take(l *rate.Limiter, now time.Time, n int) error {
	v := l.ReserveN(now, n)
	wait := v.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	v.CancelAt(now)
	return &Error{Code: CodeRateLimited, RetryAfter: wait}
}

// slowConn reads no faster than byteRate, and so bounds what any kind of frame can cost: the sender waits for TCP.
type slowConn struct {
	net.Conn
	bytes *rate.Limiter
}

func newSlowConn(c net.Conn) *slowConn {
	return &slowConn{Conn: c, bytes: rate.NewLimiter(byteRate, byteBurst)}
}

// Read reads what is there, after it waited for the bytes before. The wait is at most len(p)/byteRate seconds.
func (c *slowConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		now := time.Now()
		time.Sleep(c.bytes.ReserveN(now, n).DelayFrom(now))
	}
	return n, err
}
