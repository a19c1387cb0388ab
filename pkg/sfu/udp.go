package sfu

import (
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heliograph/heliograph/internal/icemux"
	"github.com/heliograph/heliograph/internal/udpio"
)

// watchUDP shows what the UDP sockets do, and tells the operator of buffers that are too small. A mux of the caller shows nothing.
func watchUDP(p *ports, r prometheus.Registerer, log *zap.Logger) {
	mux, ours := p.mux.(*icemux.Mux)
	if !ours {
		return
	}
	receive, send, asked := mux.UDPBuffers()
	if small := min(receive, send); small > 0 && small < asked {
		log.Info("the system grants small buffers to UDP: a burst may be lost; raise net.core.rmem_max and net.core.wmem_max",
			zap.Int("receive_bytes", receive), zap.Int("send_bytes", send), zap.Int("asked_bytes", asked))
	}
	if r != nil {
		registerUDP(r, mux.UDPStats)
	}
}

// registerUDP makes counters of what the sockets count themselves, so that a packet costs nothing more.
func registerUDP(r prometheus.Registerer, stats func() udpio.Stats) {
	for _, c := range [...]struct {
		name, help string
		of         func(udpio.Stats) uint64
	}{
		{"udp_send_calls_total", "System calls that sent batches of media.", func(s udpio.Stats) uint64 { return s.SendCalls }},
		{"udp_sent_messages_total", "Messages, of one or several datagrams of one subscriber, that they sent.", func(s udpio.Stats) uint64 { return s.SentMessages }},
		{"udp_sent_datagrams_total", "Datagrams of media sent in batches.", func(s udpio.Stats) uint64 { return s.SentDatagrams }},
		{"udp_segmented_datagrams_total", "Those of them that left in messages of several (GSO).", func(s udpio.Stats) uint64 { return s.SegmentedDatagrams }},
		{"udp_refused_messages_total", "Messages of several datagrams that the system refused; they were sent one by one.",
			func(s udpio.Stats) uint64 { return s.RefusedMessages }},
		{"udp_receive_calls_total", "System calls that received datagrams.", func(s udpio.Stats) uint64 { return s.ReceiveCalls }},
		{"udp_received_datagrams_total", "Datagrams received, of any kind.", func(s udpio.Stats) uint64 { return s.ReceivedDatagrams }},
		{"udp_merged_datagrams_total", "Those of them that came in messages of several (GRO).", func(s udpio.Stats) uint64 { return s.MergedDatagrams }},
	} {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "heliograph", Name: c.name, Help: c.help},
			func() float64 { return float64(c.of(stats())) }))
	}
}
