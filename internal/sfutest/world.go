package sfutest

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/transport/v4/vnet"
	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heliograph/heliograph/internal/icemux"
	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/sfu"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// Conditions are what a World is made of. The zero value is a usual one.
type Conditions struct {
	Delay      time.Duration // one way, between any two hosts; 0: 5 ms
	AudioSlots int           // how many of the loudest a room follows; 0: the server's default
	Workers    int           // media workers; 0: 2
	Pushed     bool          // the server sends at least pushedBitrate whatever feedback says: for what does not depend on congestion control
	MediaPath  sfu.MediaPath // empty: that of the environment (HELIOGRAPH_MEDIA_PATH), else the fast one
	AnyPath    bool          // Transports may be portable in spite of it
}

// pushedBitrate is more than any scenario that is Pushed sends.
const pushedBitrate = 10 * bwe.Mbps

func (c Conditions) bitrates() (b sfu.Bitrates) {
	if c.Pushed {
		b.Min, b.Start = pushedBitrate, pushedBitrate
	}
	return b
}

// World is a server with its network and its participants.
type World struct {
	// Fixed after construction.
	began        time.Time
	network      *Network
	mediaAddr    netip.AddrPort
	listener     *listener
	media        *sfu.Server
	signaling    *signaling.Server
	http         *http.Server
	served       chan struct{} // closed when http has ended
	closed       bool          // owned by the scenario
	keys         signaling.Keys
	path         sfu.MediaPath
	registry     *prometheus.Registry
	certificates []webrtc.Certificate // shared by the participants: making one costs more than a join

	// Guarded by mu.
	mu           sync.Mutex
	participants map[string]*Participant // by identity
	origins      map[uint64]string
	left         []string // faults of participants that have gone
}

const (
	keyID     = "test"
	mediaPort = 7700
	httpPort  = 8080
)

// NewWorld starts a server on a network of its own. Close it.
func NewWorld(c Conditions) (*World, error) {
	if c.Delay == 0 {
		c.Delay = 5 * time.Millisecond
	}
	if c.Workers == 0 {
		c.Workers = 2
	}
	if c.MediaPath == "" {
		c.MediaPath = defaultPath()
	}
	w := &World{
		began: time.Now(), keys: signaling.Keys{keyID: []byte("a secret of a test, 32 bytes long")}, registry: prometheus.NewRegistry(),
		path: c.MediaPath, participants: map[string]*Participant{}, origins: map[uint64]string{}, served: make(chan struct{}),
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	cert, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	w.certificates = []webrtc.Certificate{*cert}
	if w.network, err = newNetwork(c.Delay); err != nil {
		return nil, err
	}
	// The label goes on to every goroutine of the server, so that they can be counted.
	pprof.Do(context.Background(), pprof.Labels("world", w.label()), func(context.Context) { err = w.startServer(c) })
	return w, err
}

// defaultPath is the media path of scenarios that name none.
func defaultPath() sfu.MediaPath {
	return cmp.Or(sfu.MediaPath(os.Getenv("HELIOGRAPH_MEDIA_PATH")), sfu.MediaFast)
}

// label names the World in profiles.
func (w *World) label() string { return fmt.Sprintf("%p", w) }

func (w *World) startServer(c Conditions) error {
	host, err := w.network.join()
	if err != nil {
		return err
	}
	w.mediaAddr = netip.AddrPortFrom(host.addr, mediaPort)
	udp, err := host.net.ListenUDP("udp4", net.UDPAddrFromAddrPort(w.mediaAddr))
	if err != nil {
		return fmt.Errorf("open the media port: %w", err)
	}
	mux, err := w.mux(&windyConn{udp, w.network.weatherTo}, host.net)
	if err != nil {
		return err
	}
	w.media, err = sfu.New(sfu.Config{
		Mux: mux, Net: host.net, MediaPath: c.MediaPath, AudioSlots: c.AudioSlots, Workers: c.Workers, Registerer: w.registry,
		Bitrates: c.bitrates(),
	})
	if err != nil {
		return fmt.Errorf("start the media server: %w", err)
	}
	w.signaling, err = signaling.NewServer(signaling.Config{Rooms: w.media, Keys: w.keys, Metrics: w.registry})
	if err != nil {
		return fmt.Errorf("start signaling: %w", err)
	}
	paths := http.NewServeMux()
	paths.Handle("GET /v1/connect", w.signaling)
	paths.Handle("/v1/whip/", w.signaling.Exchanges())
	paths.Handle("/v1/whep/", w.signaling.Exchanges())
	w.http = &http.Server{Handler: paths, ReadHeaderTimeout: 5 * time.Second}
	w.listener = newListener(netip.AddrPortFrom(host.addr, httpPort))
	go func() {
		defer close(w.served)
		_ = w.http.Serve(w.listener) // it ends with Close
	}()
	return nil
}

// mux makes the ICE mux of the server: its own for the fast path, else one that it does not know, for which it is portable.
func (w *World) mux(conn net.PacketConn, host *vnet.Net) (ice.UDPMux, error) {
	if w.path == sfu.MediaPortable {
		return ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: conn, Net: host, Logger: silentLog().NewLogger("ice")}), nil
	}
	mux, err := icemux.Listen(icemux.Config{Over: []net.PacketConn{conn}})
	if err != nil {
		return nil, fmt.Errorf("make the media port: %w", err)
	}
	return mux, nil
}

// Close ends the participants and the server.
func (w *World) Close() error {
	for _, p := range w.all() {
		p.Drop()
	}
	return errors.Join(w.CloseServer(), w.network.close())
}

// CloseServer stops the server in the order in which cmd/sfu does. Later calls do nothing.
func (w *World) CloseServer() error {
	if w.closed {
		return nil
	}
	w.closed = true
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	errs := []error{w.signaling.Close(ctx), w.http.Shutdown(ctx), w.media.Close(ctx)}
	<-w.served
	return errors.Join(errs...)
}

// now is the time since the World began.
func (w *World) now() time.Duration { return time.Since(w.began) }

const ntpEpoch = 2208988800 // seconds from 1900 to 1970

// ntp is the NTP time of now.
func (w *World) ntp(now time.Duration) uint64 {
	t := w.began.Add(now)
	return uint64(t.Unix()+ntpEpoch)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// fromNTP is the time since the World began of an NTP time.
func (w *World) fromNTP(ntp uint64) time.Duration {
	t := time.Unix(int64(ntp>>32)-ntpEpoch, int64(ntp&(1<<32-1)*uint64(time.Second)>>32))
	return t.Sub(w.began)
}

// token makes a participant's token.
func (w *World) token(identity string, plan Plan) (string, error) {
	c := signaling.Claims{Identity: identity, Room: plan.Room, Expires: time.Now().Add(time.Hour), Grants: signaling.AllGrants()}
	if c.Room == "" {
		c.Room = "room"
	}
	if plan.Grants != nil {
		c.Grants = *plan.Grants
	}
	return w.keys.Mint(keyID, c)
}

// origin registers a source, so that its stamp can be read.
func (w *World) origin(identity string, source signaling.Source) uint64 {
	o := originOf(identity, string(source))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.origins[o] = sourceName(identity, source)
	return o
}

func (w *World) originName(o uint64) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.origins[o]
}

func (w *World) add(p *Participant) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.participants[p.identity] = p
}

func (w *World) remove(p *Participant) {
	w.network.leave(p.link)
	faults := p.Faults()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.participants[p.identity] == p {
		delete(w.participants, p.identity)
	}
	for _, f := range faults {
		w.left = append(w.left, p.identity+" "+f)
	}
}

func (w *World) all() []*Participant {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]*Participant, 0, len(w.participants))
	for _, p := range w.participants {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *Participant) int { return int(a.link.addr.Compare(b.link.addr)) })
	return out
}

// P is the participant of an identity, which must have joined.
func (w *World) P(identity string) *Participant {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.participants[identity]
	if p == nil {
		panic("no participant " + identity) // a mistake in a scenario
	}
	return p
}

// Faults is all that was wrong so far, of participants that have left too.
func (w *World) Faults() []string {
	w.mu.Lock()
	out := slices.Clone(w.left)
	w.mu.Unlock()
	for _, p := range w.all() {
		for _, f := range p.Faults() {
			out = append(out, p.identity+" "+f)
		}
	}
	return out
}

// MediaPaths is how many Transports were made, by media path.
func (w *World) MediaPaths() map[sfu.MediaPath]float64 {
	out := map[sfu.MediaPath]float64{}
	for path, n := range w.labelled("transport_media_paths_total") {
		out[sfu.MediaPath(path)] = n
	}
	return out
}

// Dropped is how many packets the server has dropped for a reason.
func (w *World) Dropped(reason string) float64 { return w.labelled("dropped_packets_total")[reason] }

// labelled is a counter by its only label.
func (w *World) labelled(name string) map[string]float64 {
	families, err := w.registry.Gather()
	if err != nil {
		panic(err) // two metrics of one name: a mistake in the server
	}
	out := map[string]float64{}
	for _, f := range families {
		if f.GetName() == "heliograph_"+name {
			for _, m := range f.GetMetric() {
				out[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	return out
}

// Metric is the value of one of the server's metrics, summed over its labels; of a histogram the count.
func (w *World) Metric(name string) float64 {
	families, err := w.registry.Gather()
	if err != nil {
		panic(err) // two metrics of one name: a mistake in the server
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != "heliograph_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			sum += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sum
}
