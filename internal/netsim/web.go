package netsim

import (
	"math/rand/v2"
	"time"
)

// Web describes a reader of pages: transfers of a random size, with idle times between them (RFC 8867, section 5.7).
type Web struct {
	MinBytes, MaxBytes int           // uniformly distributed
	Idle               time.Duration // mean of an exponential distribution
}

type web struct {
	Web
	sim    *Sim
	chance *rand.Rand
	tcp    *TCP
}

// StartWeb begins with an idle time. use tells the chance of this reader from that of others; config.OnDone is not used.
func StartWeb(sim *Sim, w Web, use uint64, config TCPConfig) {
	reader := &web{Web: w, sim: sim, chance: sim.Rand(use<<8 | 3)}
	config.OnDone = reader.idle
	reader.tcp = NewTCP(sim, config)
	reader.idle()
}

func (w *web) idle() {
	wait := time.Duration(w.chance.ExpFloat64() * float64(w.Idle))
	w.sim.After(wait, func() { w.tcp.Start(w.MinBytes + w.chance.IntN(w.MaxBytes-w.MinBytes+1)) })
}
