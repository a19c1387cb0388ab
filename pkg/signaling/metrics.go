package signaling

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// requestTypes and eventTypes are the values of the label type; anything else is counted as "other".
var (
	requestTypes = []string{
		TypeHello, TypeOffer, TypePublish, TypeUnpublish, TypePublicationUpdate, TypeView, TypeMessage, TypePing, TypeLeave,
	}
	eventTypes = []string{
		TypeOK, TypeErr, TypeWelcome, TypeOfferWanted, TypeParticipantJoined, TypeParticipantLeft, TypePublicationAdded,
		TypePublicationUpdated, TypePublicationRemoved, TypePublicationEncodings, TypeSlots, TypeSpeakers, TypeMessage, TypeSessionClosing,
	}
)

// The reasons for which a connect gets an HTTP error; a label.
const (
	refusedUpgrade     = "upgrade"
	refusedSubprotocol = "subprotocol"
	refusedOrigin      = "origin"
	refusedAddress     = "address"
	refusedPending     = "pending"
	refusedDraining    = "draining"
)

// metrics are the figures of the signaling side. All of them are there from the start, with the value 0.
type metrics struct {
	errors   map[Code]prometheus.Counter
	received map[string]prometheus.Counter // by request type, "" for other
	sent     map[string]prometheus.Counter // by event type, "" for other
	seconds  map[string]prometheus.Observer
	refused  map[string]prometheus.Counter
	requests *prometheus.CounterVec
	closes   *prometheus.CounterVec
	sessions prometheus.Gauge
	pending  prometheus.Gauge
	dropped  prometheus.Counter
	panics   prometheus.Counter
	all      []prometheus.Collector
}

func newMetrics() *metrics {
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "heliograph", Subsystem: "signaling", Name: name, Help: help,
		}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "heliograph", Subsystem: "signaling", Name: name, Help: help,
		})
	}
	errs := counters("errors_total", "Errors told to participants, by code.", "code")
	messages := counters("messages_total", "Messages received (in) and sent (out), by type.", "direction", "type")
	refused := counters("refused_total", "Connects refused with an HTTP error, by reason.", "reason")
	dropped := counters("dropped_total", "Waiting events that a newer one replaced or that found no room.")
	panics := counters("panics_total", "Panics that closed one session each.")
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "heliograph", Subsystem: "signaling", Name: "request_seconds",
		Help:    "Time to handle a request, by type.",
		Buckets: []float64{.0005, .002, .01, .05, .2, 1, 5},
	}, []string{"type"})
	m := &metrics{
		errors:   make(map[Code]prometheus.Counter),
		received: make(map[string]prometheus.Counter),
		sent:     make(map[string]prometheus.Counter),
		seconds:  make(map[string]prometheus.Observer),
		refused:  make(map[string]prometheus.Counter),
		requests: counters("http_requests_total", "Requests of WHIP and WHEP that begin or end a session, by status.", "protocol", "status"),
		closes:   counters("closes_total", "Ended websockets, by close code, or lost for those that broke.", "code"),
		sessions: gauge("sessions", "Sessions that are joined."),
		pending:  gauge("pending", "Websockets that are not authenticated yet."),
		dropped:  dropped.WithLabelValues(),
		panics:   panics.WithLabelValues(),
	}
	for _, row := range errorTable {
		m.errors[row.code] = errs.WithLabelValues(string(row.code))
	}
	for _, t := range append([]string{""}, requestTypes...) {
		m.received[t] = messages.WithLabelValues("in", orOther(t))
		m.seconds[t] = seconds.WithLabelValues(orOther(t))
	}
	for _, t := range append([]string{""}, eventTypes...) {
		m.sent[t] = messages.WithLabelValues("out", orOther(t))
	}
	for _, reason := range []string{
		refusedUpgrade, refusedSubprotocol, refusedOrigin, refusedAddress, refusedPending, refusedDraining,
	} {
		m.refused[reason] = refused.WithLabelValues(reason)
	}
	m.all = []prometheus.Collector{errs, messages, refused, dropped, panics, seconds, m.requests, m.closes, m.sessions, m.pending}
	return m
}

// register makes the metrics known to r, which may be nil.
func (m *metrics) register(r prometheus.Registerer) error {
	if r == nil {
		return nil
	}
	for _, c := range m.all {
		if err := r.Register(c); err != nil {
			return fmt.Errorf("register the signaling metrics: %w", err)
		}
	}
	return nil
}

func orOther(typ string) string {
	if typ == "" {
		return "other"
	}
	return typ
}

// err counts an error that was told.
func (m *metrics) err(c Code) { m.errors[c.row().code].Inc() }

// in counts a request.
func (m *metrics) in(typ string) { pick(m.received, typ).Inc() }

// out counts a response or event.
func (m *metrics) out(typ string) { pick(m.sent, typ).Inc() }

// took notes how long a request of a known type took.
func (m *metrics) took(typ string, d time.Duration) { pick(m.seconds, typ).Observe(d.Seconds()) }

// exchanged counts an answered request of WHIP or WHEP.
func (m *metrics) exchanged(protocol string, status int) {
	m.requests.WithLabelValues(protocol, strconv.Itoa(status)).Inc()
}

// closed counts a websocket that ended; 0 stands for one that broke.
func (m *metrics) closed(c CloseCode) {
	label := "lost"
	if c != 0 {
		label = strconv.Itoa(int(c))
	}
	m.closes.WithLabelValues(label).Inc()
}

// pick returns the entry of typ, or that of other types.
func pick[T any](m map[string]T, typ string) T {
	if v, ok := m[typ]; ok {
		return v
	}
	return m[""]
}
