package sfu

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// tally is what a worker counts of its own work, in plain fields: no other goroutine touches them, and a scrape asks the worker for a
// copy. Two readings of the clock in each round would be 2 % of a round with a single packet, so only some rounds are timed,
// by chance, and some packets of those.
type tally struct {
	receivedBytes  uint64
	forwardedBytes uint64
	rounds         uint64

	// Of timed rounds.
	busy    time.Duration
	latency spread // from the arrival of a packet to the end of the round that handed it to the socket
	wait    spread // from the arrival of a round's oldest packet to its begin

	size spread // packets that waited for a round
	path pathTally

	// Of the round that runs.
	dice     uint32
	timed    bool
	began    time.Duration
	sequence uint // of forwarded packets
	sampled  int
	arrivals [maxSamples]time.Duration
}

const (
	timeEvery       = 8  // rounds, on the average
	sampleEvery     = 4  // forwarded packets of a timed round
	maxSamples      = 64 // of a round
	snapshotTimeout = 250 * time.Millisecond
)

// spread is a histogram: how many values are at most as large as each bound, and what they add up to.
type spread struct {
	counts [len(timeBounds) + 1]uint64
	sum    int64
}

// The bounds of spreads, of times in nanoseconds. The two tables are equally long.
var (
	timeBounds = [...]int64{50e3, 100e3, 200e3, 500e3, 1e6, 2e6, 3e6, 5e6, 10e6, 20e6, 50e6, 200e6, 1e9}
	sizeBounds = [...]int64{0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096}
)

func (s *spread) add(v int64, bounds *[len(timeBounds)]int64) {
	i := 0
	for i < len(bounds) && v > bounds[i] {
		i++
	}
	s.counts[i]++
	s.sum += v
}

// begin starts a round, and decides whether it is timed: by chance (xorshift32), as rounds may come in patterns.
func (t *tally) begin(clock func() time.Duration) {
	t.rounds++
	t.dice ^= t.dice << 13
	t.dice ^= t.dice >> 17
	t.dice ^= t.dice << 5
	if t.timed = t.dice%timeEvery == 0; t.timed {
		t.began = clock()
	}
}

// took notes what a round has found waiting.
func (t *tally) took(packets int, jobs []job) {
	if packets == 0 {
		return
	}
	t.size.add(int64(packets), &sizeBounds)
	if !t.timed {
		return
	}
	for i := range jobs {
		if jobs[i].raw != nil || jobs[i].arrived > 0 {
			t.wait.add(int64(max(t.began-jobs[i].at, 0)), &timeBounds)
			return
		}
	}
}

// forwarded counts a packet that goes out as it came; fresh is false of what is sent of the past, or again.
func (t *tally) forwarded(arrival time.Duration, fresh bool) {
	if !t.timed || !fresh || t.sampled == maxSamples {
		return
	}
	if t.sequence++; t.sequence%sampleEvery == 0 {
		t.arrivals[t.sampled] = arrival
		t.sampled++
	}
}

// end ends a round: what it has sent is with the sockets.
func (t *tally) end(clock func() time.Duration) {
	if !t.timed {
		return
	}
	now := clock()
	t.busy += now - t.began
	for _, at := range t.arrivals[:t.sampled] {
		t.latency.add(int64(max(now-at, 0)), &timeBounds)
	}
	t.sampled = 0
}

// snapshot is a copy of the worker's tally, made by it; false if it does not answer.
func (w *worker) snapshot() (tally, bool) {
	got := make(chan tally, 1)
	w.post(func(time.Duration) {
		t := w.tally
		t.path.now = w.census()
		got <- t
	})
	timer := time.NewTimer(snapshotTimeout)
	defer timer.Stop()
	select {
	case t := <-got:
		return t, true
	case <-timer.C:
	case <-w.srv.scope.ctx.Done():
	}
	return tally{}, false
}

// workerMetrics are the tallies of all workers for Prometheus, and what is counted by looking.
type workerMetrics struct {
	// Fixed after construction.
	srv                      *Server
	received, sent, latency  *prometheus.Desc
	busy, rounds, transports *prometheus.Desc // by worker
	wait, size               *prometheus.Desc // by worker
	publications             *prometheus.Desc // by kind
	paths                    pathMetrics

	// Guarded by mu: the newest tallies, for workers that do not answer.
	mu     sync.Mutex
	newest []tally
}

func newWorkerMetrics(s *Server) *workerMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("heliograph_"+name, help, labels, nil)
	}
	return &workerMetrics{
		srv: s, newest: make([]tally, len(s.workers)),
		received: desc("rtp_received_bytes_total", "Bytes of RTP packets taken from publishers, headers included, duplicates too."),
		sent:     desc("rtp_forwarded_bytes_total", "Bytes of RTP packets sent to subscribers, headers included, resent ones too."),
		latency: desc("rtp_forwarding_seconds", "Time from the arrival of a packet to its hand-over to the socket, of one in 32 forwarded packets; "+
			"replays and resent packets are left out."),
		busy:         desc("worker_busy_seconds_total", "Time that a media worker spent in its rounds, by one in eight of them: its rate is the share of one core.", "worker"),
		rounds:       desc("worker_rounds_total", "Rounds of a media worker: wake-ups and ticks.", "worker"),
		transports:   desc("worker_transports", "Transports that a media worker owns.", "worker"),
		wait:         desc("worker_queue_seconds", "Time that the oldest packet of a round has waited for the media worker, of one in eight rounds.", "worker"),
		size:         desc("worker_round_packets", "Packets that waited for a round of a media worker, of rounds that had any.", "worker"),
		publications: desc("publications", "Publications in all rooms, by kind.", "kind"),
		paths:        newPathMetrics(desc),
	}
}

// Describe implements prometheus.Collector.
func (m *workerMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range [...]*prometheus.Desc{
		m.received, m.sent, m.latency, m.busy, m.rounds, m.transports, m.wait, m.size, m.publications,
	} {
		out <- d
	}
	for _, d := range m.paths.all() {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m *workerMetrics) Collect(out chan<- prometheus.Metric) {
	m.collectPublications(out)
	var all tally
	all.path.now.feedback = map[signaling.FeedbackKind]int{}
	for i, t := range m.tallies() {
		w := m.srv.workers[i]
		all.receivedBytes += t.receivedBytes
		all.forwardedBytes += t.forwardedBytes
		all.path.add(&t.path)
		all.latency.sum += t.latency.sum
		for k, n := range t.latency.counts {
			all.latency.counts[k] += n
		}
		out <- prometheus.MustNewConstMetric(m.busy, prometheus.CounterValue, (timeEvery * t.busy).Seconds(), w.name)
		out <- prometheus.MustNewConstMetric(m.rounds, prometheus.CounterValue, float64(t.rounds), w.name)
		out <- prometheus.MustNewConstMetric(m.transports, prometheus.GaugeValue, float64(w.load.Load()), w.name)
		out <- t.wait.metric(m.wait, &timeBounds, time.Second, w.name)
		out <- t.size.metric(m.size, &sizeBounds, 1, w.name)
	}
	out <- prometheus.MustNewConstMetric(m.received, prometheus.CounterValue, float64(all.receivedBytes))
	out <- prometheus.MustNewConstMetric(m.sent, prometheus.CounterValue, float64(all.forwardedBytes))
	out <- all.latency.metric(m.latency, &timeBounds, time.Second)
	m.paths.collect(&all.path, out)
}

// tallies asks all workers.
func (m *workerMetrics) tallies() []tally {
	fresh := make([]tally, len(m.srv.workers))
	answered := make([]bool, len(fresh))
	var asking sync.WaitGroup
	for i, w := range m.srv.workers {
		asking.Go(func() { fresh[i], answered[i] = w.snapshot() })
	}
	asking.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range fresh {
		if answered[i] && fresh[i].rounds >= m.newest[i].rounds { // another scrape may have been faster
			m.newest[i] = fresh[i]
		}
		fresh[i] = m.newest[i]
	}
	return fresh
}

// metric is the spread as a histogram, in units of one.
func (s *spread) metric(d *prometheus.Desc, bounds *[len(timeBounds)]int64, one time.Duration, labels ...string) prometheus.Metric {
	buckets := make(map[float64]uint64, len(bounds))
	total := uint64(0)
	for i, b := range bounds {
		total += s.counts[i]
		buckets[float64(b)/float64(one)] = total
	}
	total += s.counts[len(bounds)]
	return prometheus.MustNewConstHistogram(d, total, float64(s.sum)/float64(one), buckets, labels...)
}

func (m *workerMetrics) collectPublications(out chan<- prometheus.Metric) {
	byKind := map[signaling.Kind]int{signaling.KindAudio: 0, signaling.KindVideo: 0}
	m.srv.mu.Lock()
	for _, rm := range m.srv.rooms {
		for _, pub := range rm.roster.Load().publications {
			byKind[pub.kind]++
		}
	}
	m.srv.mu.Unlock()
	for kind, n := range byKind {
		out <- prometheus.MustNewConstMetric(m.publications, prometheus.GaugeValue, float64(n), string(kind))
	}
}
