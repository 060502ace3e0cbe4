/* Changes of a path that an annealer may try. Each returns 1 when it was made, 0 when it left the path as it was. */
#include "polish.h"
#include <string.h>

#define FINEST 0.008 /* of a swath: the smallest steps tried */
#define LONGEST_BLOCK 6
#define NEAR_TRIES 12
#define MOST_BENDS 20
#define BEND_RAD 0.39
#define FAR_SAMPLES 4096
#define REACH_OUT_SEEN 0.03 /* share of moves that reach out for unseen ground while enough is seen, */
#define REACH_OUT_UNSEEN 0.15 /* and while not */

typedef Point Leg[2];

static uint64_t next_random(Walk *w) {
    uint64_t x = w->random; /* xorshift64* (Vigna 2016) */
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    w->random = x;
    return x * 0x2545F4914F6CDD1DULL;
}

double uniform(Walk *w) { return (double)(next_random(w) >> 11) * (1.0 / 9007199254740992.0); }
static int below(Walk *w, int n) { return (int)(uniform(w) * n); }

/* About normal, within 3; drawn one by one, since C leaves the order inside an expression open. */
static double bell(Walk *w) {
    double sum = -1.5;
    for (int k = 0; k < 3; k++) sum += uniform(w);
    return 2.0 * sum;
}

static Point scatter(Walk *w, double size) {
    const double x = size * bell(w), y = size * bell(w);
    return (Point){x, y};
}

/* b moved by d along the way from a to b. */
static Point along(Point a, Point b, double d) {
    const double length = most(gap(a, b), 1e-9);
    return (Point){b.x + (b.x - a.x) / length * d, b.y + (b.y - a.y) / length * d};
}

static double owed(const Walk *w) {
    const int64_t over = w->ground->unseen - w->task->allowed;
    return over > 0 ? w->price * (double)over : 0.0;
}

/* Ground seen by legs of one path traded for that seen by legs of another, `gone` and `come` of them, each with the one
 * most like it: from the front and from the back. 0, and nothing done, when that is too much. */
static int trade_legs(Walk *w, const Point *old, int gone, const Point *new, int come) {
    const int pairs = gone < come ? gone : come, front = (pairs + 1) / 2, back = pairs - front;
    int fine = 1;
    for (int k = 0; k < front; k++) fine = fine && trade(w, old + k, new + k);
    for (int k = 1; k <= back; k++) fine = fine && trade(w, old + gone - k, new + come - k);
    for (int k = front; k < gone - back; k++) fine = fine && trade(w, old + k, 0);
    for (int k = front; k < come - back; k++) fine = fine && trade(w, 0, new + k);
    if (!fine) undo(w);
    return fine;
}

/* Points i to j - 1 replaced by m others, when that costs no more than `limit`. */
static int splice(Walk *w, int i, int j, const Point *q, int m, double limit) {
    const int n = w->n, grown = n - (j - i) + m;
    if (grown < 2 || grown >= MOST_POINTS) return 0;
    /* only runs between stops whose legs stay as they are need to be timed */
    int low = i < 2 ? 0 : i - 2, high = j + 1 > n - 1 ? n - 1 : j + 1;
    while (low > 0 && !stops_at(w, low)) low--;
    while (high < n - 1 && !stops_at(w, high)) high++;
    Point *b = w->spare;
    const int left = i > low ? i - low : 0, right = j <= high ? high - j + 1 : 0, c = left + m + right;
    memcpy(b, w->at + low, (size_t)left * sizeof(Point));
    memcpy(b + left, q, (size_t)m * sizeof(Point));
    memcpy(b + left + m, w->at + j, (size_t)right * sizeof(Point));
    w->ground->work += 60 + 12 * (high - low);
    const double dearer = path_time(w->pace, b, c) - path_time(w->pace, w->at + low, high - low + 1), had = owed(w);
    limit -= w->task->point * (m - (j - i));
    if (dearer - had > limit) return 0;
    const int from = left > 0 ? left - 1 : 0, to = right > 0 ? left + m : c - 1;
    w->ground->work += (to - from) * w->room->n / 2;
    for (int k = from; k < to; k++)
        if (!in_room(w->room, b[k], b[k + 1])) return 0;
    if (m == grown && !in_room(w->room, w->at[0], q[0])) return 0; /* a whole path could leap over an edge */
    const int gone_from = i > 0 ? i - 1 : 0, gone_to = j < n ? j : n - 1;
    w->changes = 0;
    if (!trade_legs(w, w->at + gone_from, gone_to - gone_from, b + from, to - from)) return 0;
    if (dearer + owed(w) - had > limit) {
        undo(w);
        return 0;
    }
    memmove(w->at + i + m, w->at + j, (size_t)(n - j) * sizeof(Point));
    memcpy(w->at + i, q, (size_t)m * sizeof(Point));
    w->n = grown;
    w->time += dearer;
    return 1;
}

/* The path in `spare`, which has the same points in another order, when it costs no more than `limit`. */
static int reorder(Walk *w, const Leg *gone, int gone_n, const Leg *come, int come_n, double limit) {
    const double time = path_time(w->pace, w->spare, w->n), had = owed(w);
    w->ground->work += 10 * w->n;
    if (time - w->time - had > limit) return 0;
    for (int k = 0; k < come_n; k++)
        if (!in_room(w->room, come[k][0], come[k][1])) return 0;
    w->changes = 0;
    for (int k = 0; k < come_n || k < gone_n; k++) {
        if (trade(w, k < gone_n ? gone[k] : 0, k < come_n ? come[k] : 0)) continue;
        undo(w);
        return 0;
    }
    if (time - w->time + owed(w) - had > limit) {
        undo(w);
        return 0;
    }
    memcpy(w->at, w->spare, (size_t)w->n * sizeof(Point));
    w->time = time;
    return 1;
}

static void put(Leg *legs, int *n, Point a, Point b) {
    legs[*n][0] = a;
    legs[(*n)++][1] = b;
}

/* A stretch flown backwards; its ends are looked for near one another. */
static int turn_round(Walk *w, double limit) {
    const int n = w->n, i = below(w, n);
    int other = -1;
    double nearest = 1e300;
    for (int k = 0; k < NEAR_TRIES; k++) {
        const int j = below(w, n);
        const double d = gap(w->at[i], w->at[j]);
        if (j > i - 2 && j < i + 2) continue;
        if (d < nearest) {
            nearest = d;
            other = j;
        }
    }
    if (other < 0) return 0;
    int a = (i < other ? i : other) + 1, b = i < other ? other : i;
    if (uniform(w) < 0.5) {
        a--;
        b--;
    }
    if (uniform(w) < 0.05) a = 0;
    if (a >= b) return 0;
    Leg gone[2], come[2];
    int gone_n = 0, come_n = 0;
    if (a > 0) {
        put(gone, &gone_n, w->at[a - 1], w->at[a]);
        put(come, &come_n, w->at[a - 1], w->at[b]);
    }
    if (b < n - 1) {
        put(gone, &gone_n, w->at[b], w->at[b + 1]);
        put(come, &come_n, w->at[a], w->at[b + 1]);
    }
    memcpy(w->spare, w->at, (size_t)n * sizeof(Point));
    for (int k = a; k <= b; k++) w->spare[k] = w->at[a + b - k];
    return reorder(w, (const Leg *)gone, gone_n, (const Leg *)come, come_n, limit);
}

/* A few points flown at another moment, perhaps backwards. */
static int move_block(Walk *w, double limit) {
    const int n = w->n;
    if (n < LONGEST_BLOCK + 2) return 0;
    const int size = 1 + below(w, LONGEST_BLOCK), i = below(w, n - size), j = i + size, flip = uniform(w) < 0.5;
    const Point head = flip ? w->at[j - 1] : w->at[i], tail = flip ? w->at[i] : w->at[j - 1];
    int to = -1;
    double nearest = 1e300;
    for (int k = 0; k < NEAR_TRIES; k++) {
        const int t = below(w, n + 1);
        if (t >= i && t <= j) continue;
        double d = (t > 0 ? gap(w->at[t - 1], head) : 0.0) + (t < n ? gap(w->at[t], tail) : 0.0);
        if (t > 0 && t < n) d -= gap(w->at[t - 1], w->at[t]);
        if (d < nearest) {
            nearest = d;
            to = t;
        }
    }
    if (to < 0) return 0;
    Leg gone[3], come[3];
    int gone_n = 0, come_n = 0, c = 0;
    if (i > 0) put(gone, &gone_n, w->at[i - 1], w->at[i]);
    if (j < n) put(gone, &gone_n, w->at[j - 1], w->at[j]);
    if (i > 0 && j < n) put(come, &come_n, w->at[i - 1], w->at[j]);
    if (to > 0 && to < n) put(gone, &gone_n, w->at[to - 1], w->at[to]);
    if (to > 0) put(come, &come_n, w->at[to - 1], head);
    if (to < n) put(come, &come_n, tail, w->at[to]);
    for (int k = 0; k <= n; k++) {
        for (int q = 0; k == to && q < size; q++) w->spare[c++] = flip ? w->at[j - 1 - q] : w->at[i + q];
        if (k < n && (k < i || k >= j)) w->spare[c++] = w->at[k];
    }
    return reorder(w, (const Leg *)gone, gone_n, (const Leg *)come, come_n, limit);
}

/* A corner replaced by bends that are flown through: a polygon round an arc at least as wide as the pace allows. */
static int round_off(Walk *w, int i, double limit) {
    if (i < 1 || i >= w->n - 1) return 0;
    const Point a = w->at[i - 1], b = w->at[i], c = w->at[i + 1];
    const double before = gap(a, b), after = gap(b, c);
    if (before < 1.0 || after < 1.0) return 0;
    const double in = atan2(b.y - a.y, b.x - a.x), out = atan2(c.y - b.y, c.x - b.x);
    const double bend = remainder(out - in, 2.0 * M_PI), size = fabs(bend);
    const double luck = uniform(w), radius = w->pace->radius * (1.01 + 0.5 * luck * luck);
    int m = (int)ceil(size / BEND_RAD);
    if (size < 0.05 || m > MOST_BENDS) return 0;
    if (m < 2) m = 2;
    const double each = bend / m, half = radius * tan(fabs(each) / 2.0), tip = radius * tan(size / 2.0);
    if (size > 2.9 || tip > before || tip > after) return 0;
    Point q[MOST_BENDS], at = along(a, b, half - tip);
    double way = in;
    for (int k = 0; k < m; k++) {
        q[k] = at;
        way += each;
        at.x += cos(way) * 2.0 * half;
        at.y += sin(way) * 2.0 * half;
    }
    return splice(w, i, i + 1, q, m, limit);
}

/* Points i to i + m - 1 moved. */
static int shift(Walk *w, int i, int m, Point by, double limit) {
    Point q[LONGEST_BLOCK + 2];
    if (i < 0 || i + m > w->n) return 0;
    for (int k = 0; k < m; k++) q[k] = (Point){w->at[i + k].x + by.x, w->at[i + k].y + by.y};
    return splice(w, i, i + m, q, m, limit);
}

/* A corner cut: two points on its legs in its place. */
static int chamfer(Walk *w, int i, double size, double limit) {
    if (i < 1 || i + 1 >= w->n) return 0;
    const double d = 2.0 * size * uniform(w), e = uniform(w) < 0.5 ? d : 2.0 * size * uniform(w);
    const Point a = w->at[i - 1], b = w->at[i], c = w->at[i + 1];
    if (d > 0.9 * gap(a, b) || e > 0.9 * gap(b, c)) return 0;
    const Point q[2] = {along(a, b, -d), along(c, b, -e)};
    return splice(w, i, i + 1, q, 2, limit);
}

/* Points i and i + 1 moved along (or, `across`, square to) the leg between `from` and point i. */
static int shift_leg(Walk *w, int i, int from, int across, double d, double limit) {
    if (from < 0 || from >= w->n || i + 1 >= w->n) return 0;
    const Point to = along(w->at[from], w->at[i], d);
    const double dx = to.x - w->at[i].x, dy = to.y - w->at[i].y;
    return shift(w, i, 2, across ? (Point){-dy, dx} : (Point){dx, dy}, limit);
}

/* An unseen sample, looked for from a random one on; 0 when the stretch searched holds none. */
static int unseen_sample(Walk *w, Point *at) {
    const Ground *g = w->ground;
    const int64_t all = (int64_t)g->rows * g->cols, first = (int64_t)(uniform(w) * (double)all);
    for (int64_t k = first; k < all && k < first + FAR_SAMPLES; k++) {
        if (g->count[k]) continue;
        const int row = (int)(k / g->cols), column = (int)(k % g->cols);
        *at = (Point){g->x0 + (column + g->offset[row]) * g->step, g->y0 + row * g->row};
        return 1;
    }
    return 0;
}

/* The point of leg i nearest to p. */
static Point foot(const Walk *w, int i, Point p) {
    const Point a = w->at[i], b = w->at[i + 1];
    const double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
    double share = square > 0.0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / square : 0.0;
    share = least(most(share, 0.0), 1.0);
    return (Point){a.x + share * dx, a.y + share * dy};
}

/* Something near an unseen sample moved towards it, or a detour flown to it. */
static int reach_out(Walk *w, double limit) {
    Point gapped;
    w->ground->work += FAR_SAMPLES / 16;
    if (!unseen_sample(w, &gapped)) return 0;
    int near = 0;
    double nearest = 1e300;
    w->ground->work += 3 * w->n;
    for (int i = 0; i + 1 < w->n; i++) {
        const double d = gap(foot(w, i, gapped), gapped);
        if (d < nearest) {
            nearest = d;
            near = i;
        }
    }
    const Point from = foot(w, near, gapped);
    const double kind = uniform(w), by = most(nearest - w->ground->reach * (0.6 + 0.4 * uniform(w)), 0.0);
    const Point to = along(gapped, from, -by), delta = {to.x - from.x, to.y - from.y};
    if (kind < 0.35) return splice(w, near + 1, near + 1, &to, 1, limit);
    if (kind < 0.6) return shift(w, near, 2, delta, limit);
    const int i = gap(w->at[near], gapped) < gap(w->at[near + 1], gapped) ? near : near + 1;
    return kind < 0.9 ? shift(w, i, 1, delta, limit) : splice(w, i, i + 1, &to, 1, limit);
}

/* A line of a plain S-pattern shifted across, or an end of it, with the next line's start or without, moved along. */
static int plain_move(Walk *w, double limit) {
    const int i = below(w, w->n - 1);
    const double kind = uniform(w), by = w->task->swath * exp(log(FINEST) * uniform(w)) * bell(w);
    if (!w->task->lanes[i]) return 0;
    if (kind < 0.4) return shift_leg(w, i, i + 1, 1, by, limit);
    if (kind < 0.5) return shift_leg(w, i + 1, i, 0, by, limit);
    const int end = kind < 0.75 ? i : i + 1;
    const Point q = along(w->at[end == i ? i + 1 : i], w->at[end], by);
    return splice(w, end, end + 1, &q, 1, limit);
}

/* One move of a random kind, made when it costs no more than `limit` s. */
int try_move(Walk *w, double limit) {
    if (w->task->lanes) return plain_move(w, limit);
    const int unseen = w->ground->unseen > w->task->allowed;
    if (uniform(w) < (unseen ? REACH_OUT_UNSEEN : REACH_OUT_SEEN)) return reach_out(w, limit);
    const int n = w->n, i = below(w, n);
    const double kind = uniform(w), size = w->task->swath * exp(log(FINEST) * uniform(w));
    if (kind < 0.24) return shift(w, i, 1, scatter(w, size), limit);
    if (kind < 0.40) {
        const int from = uniform(w) < 0.5 ? i - 1 : i + 1;
        if (from < 0 || from >= n) return 0;
        const Point q = along(w->at[from], w->at[i], size * bell(w));
        return splice(w, i, i + 1, &q, 1, limit);
    }
    if (kind < 0.56) return shift_leg(w, i, i + 1, 1, size * bell(w), limit);
    if (kind < 0.64) {
        const int m = uniform(w) < 0.3 ? 2 : 1;
        return i + m <= n && splice(w, i, i + m, 0, 0, limit);
    }
    if (kind < 0.70) {
        if (i + 1 >= n) return 0;
        const double t = uniform(w);
        const Point a = w->at[i], b = w->at[i + 1];
        const Point by = scatter(w, size), q = {a.x + t * (b.x - a.x) + by.x, a.y + t * (b.y - a.y) + by.y};
        return splice(w, i + 1, i + 1, &q, 1, limit);
    }
    if (kind < 0.74) return chamfer(w, i, size, limit);
    if (kind < 0.80) {
        const int m = 2 + below(w, LONGEST_BLOCK);
        return shift(w, i, m, scatter(w, size), limit);
    }
    if (kind < 0.90) return shift_leg(w, i, i - 1, 0, size * bell(w), limit);
    if (kind < 0.93) return round_off(w, i, limit);
    return kind < 0.97 ? turn_round(w, limit) : move_block(w, limit);
}
