package sfu

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the media side counts. Per-packet counters have no labels; drops are labelled by their reason, and the
// counter of each reason is looked up once.
type metrics struct {
	rooms, participants, transports        prometheus.Gauge
	received, forwarded, resent, nacksSent prometheus.Counter
	restored                               prometheus.Counter
	keyframeRequests, keyframesSuppressed  prometheus.Counter
	replays, replayedBytes, panics         prometheus.Counter
	transportFailures, slowCloses          prometheus.Counter
	feedback, acknowledged                 prometheus.Counter
	probedBytes                            prometheus.Counter
	mediaPaths                             *prometheus.CounterVec
	encodingsSlept, encodingsWoken         prometheus.Counter
	negotiation, join, connect             prometheus.Histogram
	joinsRefused                           prometheus.Counter
	drops                                  *prometheus.CounterVec
	dropCounters                           sync.Map // reason -> prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "heliograph", Name: name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "heliograph", Name: name, Help: help})
	}
	took := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "heliograph", Name: name, Help: help, Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 5, 30},
		})
	}
	m := &metrics{
		join:             took("join_seconds", "Time to let a participant into its room, its first offer included; the count is that of joins."),
		connect:          took("connect_seconds", "Time from a Transport's first offer to the end of its DTLS handshake."),
		joinsRefused:     counter("joins_refused_total", "Joins that failed: heliograph_signaling_errors_total tells why."),
		rooms:            gauge("rooms", "Rooms with at least one participant."),
		participants:     gauge("participants", "Participants in all rooms."),
		transports:       gauge("transports", "Transports, connected or connecting."),
		received:         counter("rtp_received_packets_total", "RTP packets taken from publishers, duplicates not counted."),
		forwarded:        counter("rtp_forwarded_packets_total", "RTP packets sent to subscribers, resent ones included."),
		resent:           counter("rtp_resent_packets_total", "RTP packets resent for a NACK."),
		nacksSent:        counter("rtp_nacked_packets_total", "Packets asked for again from publishers."),
		restored:         counter("rtp_restored_packets_total", "Packets of audio that were lost and came out of the redundancy of a later one (RFC 2198)."),
		keyframeRequests: counter("keyframe_requests_total", "Keyframe requests sent to publishers."),
		keyframesSuppressed: counter("keyframe_requests_suppressed_total",
			"Requests of subscribers for a keyframe that asked no publisher: merged, over their cost, or served by a replay."),
		replays:           counter("replays_total", "Subscriptions that started at a keyframe of the past, with all since."),
		replayedBytes:     counter("replayed_bytes_total", "Bytes of packets queued by replays."),
		panics:            counter("panics_total", "Panics, each of which closed one participant."),
		transportFailures: counter("transport_failures_total", "Transports closed because of a failure."),
		feedback:          counter("transport_feedback_total", "Transport-wide feedback packets of subscribers."),
		acknowledged:      counter("transport_acknowledged_packets_total", "RTP packets that transport-wide feedback acknowledged."),
		probedBytes: counter("probed_bytes_total",
			"Bytes of RTP sent only to find out what a path carries: packets of a moment ago again, or padding."),
		encodingsSlept: counter("encodings_slept_total", "Encodings that a publisher was told not to send: nobody gets them."),
		encodingsWoken: counter("encodings_woken_total", "Encodings that a publisher was told to send again."),
		slowCloses:     counter("transport_slow_closes_total", "Transports that took more than 2 s to close."),
		mediaPaths: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "heliograph", Name: "transport_media_paths_total", Help: "Transports made, by media path (fast or portable).",
		}, []string{"path"}),
		negotiation: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "heliograph", Name: "negotiation_seconds", Help: "Time to answer an offer.",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 5},
		}),
		drops: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "heliograph", Name: "dropped_packets_total", Help: "RTP and RTCP packets dropped, by reason.",
		}, []string{"reason"}),
	}
	if r != nil {
		r.MustRegister(m.rooms, m.participants, m.transports, m.received, m.forwarded, m.resent, m.nacksSent, m.restored,
			m.keyframeRequests, m.keyframesSuppressed, m.replays, m.replayedBytes,
			m.panics, m.transportFailures, m.slowCloses, m.feedback, m.acknowledged, m.probedBytes,
			m.encodingsSlept, m.encodingsWoken,
			m.mediaPaths, m.negotiation, m.join, m.connect, m.joinsRefused, m.drops)
	}
	return m
}

// packetCounts are counters of one worker that each packet adds to: they are published once in a round.
type packetCounts struct{ received, forwarded uint64 }

func (c *packetCounts) publish(m *metrics) {
	if c.received > 0 {
		m.received.Add(float64(c.received))
	}
	if c.forwarded > 0 {
		m.forwarded.Add(float64(c.forwarded))
	}
	*c = packetCounts{}
}

// dropped counts one dropped packet. Reasons are constants of the code, so their number is bounded.
func (m *metrics) dropped(reason string) {
	c, ok := m.dropCounters.Load(reason)
	if !ok {
		c, _ = m.dropCounters.LoadOrStore(reason, m.drops.WithLabelValues(reason))
	}
	c.(prometheus.Counter).Inc()
}
