package loadtest

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/heliograph/heliograph/pkg/client"
)

// Report is what a load test has measured.
type Report struct {
	// Figures are by names, which end in their unit; what was not measured is not there.
	Figures map[string]float64
	// Interrupted says that the test was stopped early.
	Interrupted bool
	// Views are how the browsers saw each other.
	Views []View
	// Failure is why the first participant that failed did; nil if none did.
	Failure error

	config Config
	server string
}

// totals sums up what all participants count.
func (t *test) totals() client.Stats {
	t.mu.Lock()
	receivers := slices.Clone(t.receivers)
	t.mu.Unlock()
	var sum client.Stats
	for _, p := range receivers {
		st := p.Stats()
		sum.Packets += st.Packets
		sum.Bytes += st.Bytes
		sum.Lost += st.Lost
		sum.Repaired += st.Repaired
		sum.NACKed += st.NACKed
		sum.KeyframeRequests += st.KeyframeRequests
		sum.Filtered += st.Filtered
		sum.Duplicates += st.Duplicates
		sum.Undeclared += st.Undeclared
		sum.Malformed += st.Malformed
	}
	return sum
}

// seen sums up what all subscribers have seen.
func (t *test) seen(end time.Duration) seen {
	t.mu.Lock()
	subscribers := slices.Clone(t.subscribers)
	t.mu.Unlock()
	var sum seen
	for _, s := range subscribers {
		s.sum(&sum, end)
	}
	return sum
}

// report makes figures of all that was counted. joining is how long the joins took, before is the server before them.
func (t *test) report(joining time.Duration, before usage) *Report {
	r := &Report{Figures: map[string]float64{}, Views: t.crowd.views, Failure: t.failure, config: t.config, server: t.base}
	f := r.Figures
	f["participants"] = float64(t.count())
	f["joins_failed"] = float64(t.failed)
	f["joins_per_second"] = float64(t.joins.count.Load()) / joining.Seconds()
	for name, h := range map[string]*histogram{
		"join": &t.joins, "first_frame": &t.firstFrames, "latency": &t.latency, "audio_latency": &t.audioLatency, "own_delay": &t.delay,
	} {
		for _, q := range []float64{50, 95, 99} {
			if d, ok := h.quantile(q / 100); ok {
				f[fmt.Sprintf("%s_p%.0f_ms", name, q)] = milliseconds(d)
			}
		}
	}
	t.integrity(f)
	t.rates(f)
	t.costs(f, before)
	t.browserFigures(f)
	return r
}

// integrity are the figures about what came, over all the time.
func (t *test) integrity(f map[string]float64) {
	s, c := t.seen(t.atEnd.at), t.atEnd.totals
	for name, n := range map[string]int{
		"frames": s.pictures, "audio_frames": s.sounds, "keyframes": s.keyframes, "frames_damaged": s.damaged, "frames_incomplete": s.incomplete,
		"frames_undecodable": s.undecodable, "faults": s.faults, "freezes": s.freezes, "layer_switches": s.switches, "packets_lost": c.Lost,
		"packets_repaired": c.Repaired, "packets_dropped_by_loss": c.Filtered, "packets_duplicate": c.Duplicates, "packets_undeclared": c.Undeclared,
		"packets_malformed": c.Malformed, "nacked_packets": c.NACKed, "keyframe_requests": c.KeyframeRequests,
	} {
		f[name] = float64(n)
	}
	if t.config.Video != NoVideo {
		f["subscribers_without_video"] = float64(s.blank)
	}
	if all := c.Packets + c.Lost; all > 0 {
		f["loss_percent"] = 100 * float64(c.Lost) / float64(all)
	}
}

// rates are the figures about how much came in the window.
func (t *test) rates(f map[string]float64) {
	seconds := (t.atEnd.at - t.atBegin.at).Seconds()
	f["measured_seconds"] = seconds
	f["packets_per_second"] = float64(t.atEnd.totals.Packets-t.atBegin.totals.Packets) / seconds
	f["mbit_per_second"] = float64(t.atEnd.totals.Bytes-t.atBegin.totals.Bytes) * 8 / 1e6 / seconds
}

// costs are the figures about processor and memory, as far as they are known.
func (t *test) costs(f map[string]float64, before usage) {
	a, b := &t.atBegin, &t.atEnd
	seconds := (b.at - a.at).Seconds()
	if a.own.known && b.own.known {
		f["own_cpu_percent"] = 100 * (b.own.cpu - a.own.cpu).Seconds() / seconds
		f["own_memory_mib"] = float64(b.own.memory) / (1 << 20)
	}
	if !a.server.known || !b.server.known {
		return
	}
	cpu := b.server.cpu - a.server.cpu
	f["server_cpu_percent"] = 100 * cpu.Seconds() / seconds
	if packets := b.totals.Packets - a.totals.Packets; packets > 0 {
		f["server_cpu_us_per_packet"] = cpu.Seconds() * 1e6 / float64(packets)
	}
	f["server_memory_mib"] = float64(b.server.memory) / (1 << 20)
	if n := t.count() + t.browsersThere(); n > 0 && before.known {
		f["server_memory_per_participant_kib"] = max(0, float64(b.server.memory-before.memory)) / 1024 / float64(n)
	}
}

// joinCost is what so many joins cost the server.
func joinCost(before, after usage, n int) map[string]float64 {
	if !before.known || !after.known || n == 0 {
		return nil
	}
	return map[string]float64{"server_cpu_ms_per_join": (after.cpu - before.cpu).Seconds() * 1000 / float64(n)}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// rounded cuts a figure to what it is worth: four digits.
func rounded(v float64) float64 {
	if v == 0 || math.Abs(v) >= 1000 {
		return math.Round(v)
	}
	unit := math.Pow(10, math.Ceil(math.Log10(math.Abs(v)))-4)
	return math.Round(v/unit) * unit
}

// WriteJSON prints one object: the settings and all figures.
func (r *Report) WriteJSON(w io.Writer) error {
	c := &r.config
	object := map[string]any{
		"server": r.server, "own_server": c.URL == "", "rooms": c.Rooms, "publishers": c.Publishers, "subscribers": c.Subscribers, "video": c.Video,
		"audio": c.Audio, "duration_seconds": c.Duration.Seconds(), "ramp_seconds": c.Ramp.Seconds(), "loss_wanted_percent": c.Loss, "interrupted": r.Interrupted,
	}
	if c.Browsers > 0 {
		object["browsers"], object["browser_kind"], object["browser_views"] = c.Browsers, c.BrowserKind, r.Views
	}
	if r.Failure != nil {
		object["failure"] = r.Failure.Error()
	}
	for name, v := range r.Figures {
		object[name] = json.RawMessage(fmt.Sprintf("%.10g", rounded(v)))
	}
	text, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

// rows are the lines of the table: a title and the names of figures, of which one with %s stands for p50, p95 and p99.
var rows = []struct{ title, figures, unit string }{
	{"joins per second", "joins_per_second", ""},
	{"joins failed", "joins_failed", ""},
	{"join", "join_%s_ms", "ms"},
	{"first frame", "first_frame_%s_ms", "ms"},
	{"latency of video", "latency_%s_ms", "ms"},
	{"latency of audio", "audio_latency_%s_ms", "ms"},
	{"received", "packets_per_second", "packets/s"},
	{"", "mbit_per_second", "Mbit/s"},
	{"frames of video", "frames", ""},
	{"frames of audio", "audio_frames", ""},
	{"frames damaged", "frames_damaged", ""},
	{"frames incomplete, by loss", "frames_incomplete", ""},
	{"frames undecodable", "frames_undecodable", ""},
	{"faults of the server", "faults", ""},
	{"subscribers without video", "subscribers_without_video", ""},
	{"freezes", "freezes", ""},
	{"layer switches", "layer_switches", ""},
	{"packets lost", "packets_lost", ""},
	{"", "loss_percent", "%"},
	{"packets asked for again", "nacked_packets", ""},
	{"packets repaired", "packets_repaired", ""},
	{"keyframe requests", "keyframe_requests", ""},
	{"browsers joined", "browsers_joined", ""},
	{"browsers failed", "browsers_failed", ""},
	{"browsers that saw not all", "browsers_blind", ""},
	{"browsers' frames of a picture, least", "browsers_frames_decoded_min", "decoded"},
	{"", "browsers_fps_min", "a second"},
	{"", "browsers_width_min", "pixels wide"},
	{"browsers' frames dropped", "browsers_frames_dropped", ""},
	{"browsers' freezes", "browsers_freezes", ""},
	{"", "browsers_freeze_max_ms", "ms in all, of the worst picture"},
	{"longest time that a picture stood", "browsers_stood_max_ms", "ms"},
	{"browsers' jitter buffer, longest", "browsers_jitter_buffer_max_ms", "ms"},
	{"browsers received", "browsers_kbit_per_second", "kbit/s"},
	{"wrong pictures in browsers", "browsers_wrong_pictures", ""},
	{"server CPU", "server_cpu_percent", "% of a processor"},
	{"", "server_cpu_us_per_packet", "µs per forwarded packet"},
	{"", "server_cpu_ms_per_join", "ms per join"},
	{"server memory", "server_memory_mib", "MiB"},
	{"", "server_memory_per_participant_kib", "KiB per participant"},
	{"load test's own CPU", "own_cpu_percent", "% of a processor"},
	{"load test's own delay", "own_delay_%s_ms", "ms"},
}

// WriteTable prints the figures for people.
func (r *Report) WriteTable(w io.Writer) error {
	c := &r.config
	fmt.Fprintf(w, "%s with %s and %s each, video %s, audio %v, %.1f s at %s\n\n", counted(c.Rooms, "room"), counted(c.Publishers, "publisher"),
		counted(c.Subscribers, "subscriber"), c.Video, c.Audio, r.Figures["measured_seconds"], r.server)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if text := r.cell(row.figures); text != "" {
			fmt.Fprintf(tw, "  %s\t%s %s\n", row.title, text, row.unit)
		}
	}
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	r.writeNotes(w)
	return nil
}

// counted is a number of things.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// busyDelay is how late publishers may be, in milliseconds, until that is worth a note.
const busyDelay = 20

// writeNotes tells what is to be known of the figures.
func (r *Report) writeNotes(w io.Writer) {
	c := &r.config
	if late := r.Figures["own_delay_p99_ms"]; late > busyDelay {
		fmt.Fprintf(w, "\nThis machine is too busy: the load test itself was up to %.0f ms late (p99). Latency and freezes tell more about that than about the "+
			"server.\n", late)
	}
	if c.Loss > 0 {
		fmt.Fprintf(w, "\nThe subscribers lost %g %% of their packets on purpose, %.0f in all.\n", c.Loss, r.Figures["packets_dropped_by_loss"])
	}
	if r.Failure != nil {
		fmt.Fprintf(w, "\nThe first failure: %v\n", r.Failure)
	}
	if r.Interrupted {
		fmt.Fprintf(w, "\nStopped early: these are the figures until then.\n")
	}
}

// cell is a figure as text, or the three of a distribution; empty if it was not measured.
func (r *Report) cell(name string) string {
	if v, ok := r.Figures[name]; ok {
		return fmt.Sprintf("%.10g", rounded(v))
	}
	text := ""
	for _, q := range []string{"p50", "p95", "p99"} {
		v, ok := r.Figures[strings.Replace(name, "%s", q, 1)]
		if !ok {
			return ""
		}
		text += fmt.Sprintf("%s %.10g  ", q, rounded(v))
	}
	return text
}
