package signaling

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits of one address. Connects that authenticate cost nothing: an office sits behind one address.
const (
	failureRate, failureBurst = 10, 50 // connects per second that ended without authentication
	maxPendingPerAddress      = 256    // websockets that are not authenticated yet
	maxAddresses              = 16384  // addresses remembered; honest ones only while they authenticate
	evictionTries             = 8
)

// addresses counts connects that fail to authenticate, by address: IPv4 addresses, and IPv6 networks of 64 bits.
type addresses struct {
	mu      sync.Mutex
	entries map[netip.Prefix]*address
}

type address struct {
	failures *rate.Limiter
	pending  int
}

func newAddresses() *addresses {
	return &addresses{entries: make(map[netip.Prefix]*address)}
}

// admit lets a connect from a in, or tells after which time to try again. Each admitted connect must be settled once.
func (t *addresses) admit(now time.Time, a netip.Addr) (wait time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := addressKey(a)
	e := t.entries[k]
	if e == nil {
		if len(t.entries) >= maxAddresses && !t.evict(now) {
			return time.Second, false
		}
		e = &address{failures: rate.NewLimiter(failureRate, failureBurst)}
		t.entries[k] = e
	}
	if tokens := e.failures.TokensAt(now); tokens < 1 {
		return time.Duration((1 - tokens) / failureRate * float64(time.Second)), false
	}
	if e.pending >= maxPendingPerAddress {
		return time.Second, false
	}
	e.pending++
	return 0, true
}

// settle tells how an admitted connect ended: authenticated or not. Failures of connects that were pending at the same
// time may take the budget below zero.
func (t *addresses) settle(now time.Time, a netip.Addr, authenticated bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := addressKey(a)
	e := t.entries[k]
	e.pending--
	if !authenticated {
		e.failures.ReserveN(now, 1)
	}
	if e.idle(now) {
		delete(t.entries, k)
	}
}

// evict makes room for one address: it forgets one of a few that are taken at random, the one with the fewest failures
// of late, if none of its connects is pending.
func (t *addresses) evict(now time.Time) bool {
	var victim netip.Prefix
	best, tries := 0.0, 0
	found := false
	for k, e := range t.entries {
		if tokens := e.failures.TokensAt(now); e.pending == 0 && (!found || tokens > best) {
			victim, best, found = k, tokens, true
		}
		if tries++; tries == evictionTries {
			break
		}
	}
	delete(t.entries, victim)
	return found
}

// idle reports whether the entry says no more than a new one would.
func (e *address) idle(now time.Time) bool {
	return e.pending == 0 && e.failures.TokensAt(now) >= failureBurst
}

// addressKey is what shares one budget with a.
func addressKey(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.WithZone("").Prefix(bits) // an address that is not valid gives the zero Prefix, which is a key as well
	return p
}
