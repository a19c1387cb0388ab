package loadtest

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/synthetic"
	"github.com/heliograph/heliograph/pkg/client"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// ErrConfig tells that a Config cannot be played. Its text says what to change, in terms of the command line.
var ErrConfig = errors.New("this load test cannot be run")

// Bounds of one load test. More participants than that in one process measure the process and not the server.
const (
	MaxParticipants = 1000
	MaxPublishers   = 49 // of one room: as many as a participant can have slots for
	MaxLoss         = 50 // percent
	MinDuration     = time.Second
	MaxDuration     = 24 * time.Hour
)

// NoVideo is the value of Config.Video for sound alone.
const NoVideo = "none"

// Config is one load test.
type Config struct {
	// URL is the server. Empty: one is started, as a child process, and stopped at the end.
	URL string
	// Metrics is where the server of URL shows its metrics, as http://127.0.0.1:7780. Empty: its CPU and memory are not known.
	Metrics string
	// Executable and ServerFlags start the server: Executable serve ServerFlags.
	Executable  string
	ServerFlags []string
	// Token makes the token of one participant. nil: the server is asked for development tokens.
	Token func(room, identity string) (string, error)

	// Rooms is how many rooms there are, Publishers and Subscribers how many of each every room has.
	Rooms, Publishers, Subscribers int
	// Video is one of Videos or NoVideo. Audio says whether each publisher has a microphone.
	Video string
	Audio bool

	// Duration is how long is measured, after all have joined.
	Duration time.Duration
	// Ramp is the time over which the joins are spread. 0: as fast as the server takes them.
	Ramp time.Duration
	// Loss is the share of RTP packets that subscribers lose, in percent.
	Loss float64

	// Browsers is how many browsers look at each other in the rooms, 0 or 2 to MaxBrowsers, of BrowserKind, one of BrowserKinds.
	Browsers    int
	BrowserKind string

	// Progress takes a line a second. nil: none.
	Progress io.Writer

	// Tamper may change what subscribers receive: a test of the test. nil: nothing is changed.
	Tamper func(packet []byte)
}

// video is a way to publish a camera.
type video struct {
	codec     string
	encodings []encoding
	spatial   int
	temporal  int
}

// encoding is one of simulcast, or the only one.
type encoding struct {
	rid           string
	width, height int
	bitrate       int // bit/s
}

// The ladder of browsers for a camera of 720 lines.
var (
	simulcast = []encoding{{"q", 320, 180, 150_000}, {"h", 640, 360, 500_000}, {"f", 1280, 720, 1_700_000}}
	single    = []encoding{{"", 1280, 720, 1_700_000}}
)

const (
	videoFPS = 30
	audioFPS = 50
)

// videos are the ways to publish a camera, by the names of the command line.
var videos = map[string]video{
	"vp8-simulcast": {codec: "vp8", encodings: simulcast, temporal: 3},
	"vp9-svc":       {codec: "vp9", encodings: single, spatial: 3, temporal: 3},
	"av1":           {codec: "av1", encodings: single, spatial: 3, temporal: 3},
	"h264":          {codec: "h264", encodings: simulcast},
}

// Videos lists the values of Config.Video that are video.
func Videos() []string { return slices.Sorted(maps.Keys(videos)) }

// participants is how many there are in all rooms.
func (c *Config) participants() int { return c.Rooms * (c.Publishers + c.Subscribers) }

// Check says what cannot be played.
func (c *Config) Check() error {
	_, known := videos[c.Video]
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...)
	}
	switch {
	case !known && c.Video != NoVideo:
		return wrong("--video %s is not known, choose %s or %s", c.Video, strings.Join(Videos(), ", "), NoVideo)
	case !known && !c.Audio:
		return wrong("with --video none and without --audio nothing is sent, take one of the two")
	case c.Rooms < 1 || c.Publishers < 1 || c.Subscribers < 0:
		return wrong("--rooms and --publishers are at least 1, --subscribers at least 0")
	case c.Publishers > MaxPublishers:
		return wrong("--publishers %d is more than the %d of a room that one participant can see, take more --rooms", c.Publishers, MaxPublishers)
	case c.participants() > MaxParticipants:
		return wrong("%d participants are more than the %d that one process can play honestly, run several load tests beside each other with --url",
			c.participants(), MaxParticipants)
	case c.Duration < MinDuration || c.Duration > MaxDuration:
		return wrong("--duration is %v to %v", MinDuration, MaxDuration)
	case c.Ramp < 0 || c.Ramp > MaxDuration:
		return wrong("--ramp is 0 to %v", MaxDuration)
	case !(c.Loss >= 0 && c.Loss <= MaxLoss):
		return wrong("--loss is 0 to %d percent", MaxLoss)
	case c.URL != "" && len(c.ServerFlags) > 0:
		return wrong("--server-flag is for the server that the load test starts, and --url names another one: leave one of them out")
	}
	return c.checkBrowsers()
}

// formats are what a publisher publishes.
func (c *Config) formats() []client.Format {
	var out []client.Format
	if v, ok := videos[c.Video]; ok {
		top := v.encodings[len(v.encodings)-1]
		f := client.Format{Source: signaling.SourceCamera, Codec: v.codec, Width: top.width, Height: top.height}
		for _, e := range v.encodings {
			if e.rid != "" {
				f.Encodings = append(f.Encodings, signaling.EncodingOffer{RID: e.rid, Width: e.width, Height: e.height, MaxBitrate: e.bitrate})
			}
		}
		out = append(out, f)
	}
	if c.Audio {
		out = append(out, client.Format{Source: signaling.SourceMicrophone, Codec: "opus"})
	}
	return out
}

// encoders make what a publisher sends of one publication, one for each encoding.
func (c *Config) encoders(identity string, source signaling.Source) ([]*synthetic.Encoder, error) {
	origin := synthetic.Origin(identity, string(source))
	if source == signaling.SourceMicrophone {
		e, err := synthetic.New(synthetic.Config{Codec: "opus", Origin: origin, FPS: audioFPS})
		return []*synthetic.Encoder{e}, err
	}
	v := videos[c.Video]
	var out []*synthetic.Encoder
	for i, enc := range v.encodings {
		e, err := synthetic.New(synthetic.Config{
			Codec: v.codec, Origin: origin, Encoding: uint8(i), Width: enc.width, Height: enc.height, Bitrate: enc.bitrate, FPS: videoFPS,
			Spatial: v.spatial, Temporal: v.temporal,
		})
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// tile is the size at which subscribers show each publisher: the more there are, the smaller.
func (c *Config) tile() (width, height int) {
	switch {
	case c.Publishers == 1:
		return 1280, 720
	case c.Publishers <= 4:
		return 640, 360
	}
	return 320, 180
}
