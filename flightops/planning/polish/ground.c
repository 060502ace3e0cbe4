/* What a leg sees of the sampled ground, and whether it stays in the room. */
#include "polish.h"
#include <math.h>

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

/* Sums are kept in 16 bits, as wide as the counts, so that compilers do sixteen samples at a time: no row stretch
 * may be longer than CHUNK. */
#define CHUNK 32768
#define BLOCK 64
#define FAR 1e30
#define ROW_WORK 12

static inline uint16_t more(uint16_t *row, int n) {
    uint16_t fresh = 0;
    for (int j = 0; j < n; j++) {
        fresh = (uint16_t)(fresh + (row[j] == 0));
        row[j]++;
    }
    return fresh;
}

static inline uint16_t less(uint16_t *row, int n) {
    uint16_t bare = 0;
    for (int j = 0; j < n; j++) {
        row[j]--;
        bare = (uint16_t)(bare + (row[j] == 0));
    }
    return bare;
}

/* On `n` rows from row `first` on: the interval within reach of leg a-b, as places on the row (empty: start > end).
 * Written without branches, so that compilers do several rows at a time. */
static inline void intervals(const Ground *g, Point a, Point b, int first, int n, double *start, double *end) {
    const double h = g->reach, per_m = 1.0 / g->step, last = g->cols - 1;
    const double dx = b.x - a.x, dy = b.y - a.y, length = sqrt(dx * dx + dy * dy);
    const double aside_x = length > 1e-9 ? -dy / length * h : 0.0, aside_y = length > 1e-9 ? dx / length * h : 0.0;
    const double per_dy = fabs(dy) > 1e-9 ? 1.0 / dy : 0.0, no_sides = fabs(dy) > 1e-9 ? 0.0 : 2.0;
    for (int k = 0; k < n; k++) {
        const double y = g->y0 + (first + k) * g->row, ya = y - a.y, yb = y - b.y;
        const double half_a = h * h - ya * ya, half_b = h * h - yb * yb;
        const double ra = sqrt(most(half_a, 0.0)), rb = sqrt(most(half_b, 0.0));
        const double left_share = (ya + aside_y) * per_dy + no_sides, right_share = (ya - aside_y) * per_dy + no_sides;
        const double left_x = a.x - aside_x + left_share * dx, right_x = a.x + aside_x + right_share * dx;
        const int on_left = (left_share >= 0.0) & (left_share <= 1.0);
        const int on_right = (right_share >= 0.0) & (right_share <= 1.0);
        double from = half_a >= 0.0 ? a.x - ra : FAR, to = half_a >= 0.0 ? a.x + ra : -FAR;
        from = least(from, half_b >= 0.0 ? b.x - rb : FAR);
        to = most(to, half_b >= 0.0 ? b.x + rb : -FAR);
        from = least(from, least(on_left ? left_x : FAR, on_right ? right_x : FAR));
        to = most(to, most(on_left ? left_x : -FAR, on_right ? right_x : -FAR));
        const double base = g->x0 + g->offset[first + k] * g->step;
        start[k] = most((from - base) * per_m, 0.0);
        end[k] = least((to - base) * per_m, last);
    }
}

/* Adds (sign > 0) or takes away the round-ended strip of a leg. */
WIDE void strip(Ground *g, Point a, Point b, int sign) {
    const double low = (least(a.y, b.y) - g->reach - g->y0) / g->row, high = (most(a.y, b.y) + g->reach - g->y0) / g->row;
    const int first = (int)most(low + 1.0, 0.0), last = (int)least(high, g->rows - 1.0);
    double start[BLOCK], end[BLOCK];
    for (int block = first; block <= last && high >= 0.0; block += BLOCK) {
        const int n = last + 1 - block < BLOCK ? last + 1 - block : BLOCK;
        intervals(g, a, b, block, n, start, end);
        for (int k = 0; k < n; k++) {
            if (start[k] > end[k]) continue;
            const int from = (int)start[k] + ((int)start[k] < start[k]), to = (int)end[k];
            uint16_t *row = g->count + (int64_t)(block + k) * g->cols;
            for (int j = from; j <= to; j += CHUNK) {
                const int m = to + 1 - j < CHUNK ? to + 1 - j : CHUNK;
                g->unseen += sign > 0 ? -(int64_t)more(row + j, m) : (int64_t)less(row + j, m);
            }
            g->work += ROW_WORK + (to - from) / 16;
        }
    }
}

/* Whether a leg meets no edge; touching is meeting. */
int in_room(const Room *room, Point a, Point b) {
    const double wx = b.x - a.x, wy = b.y - a.y, c = wy * a.x - wx * a.y;
    const double left = least(a.x, b.x), right = most(a.x, b.x), low = least(a.y, b.y), high = most(a.y, b.y);
    for (int i = 0; i < room->n; i++) {
        const double *e = room->edges + 4 * i;
        if ((e[0] < left && e[2] < left) || (e[0] > right && e[2] > right)) continue;
        if ((e[1] < low && e[3] < low) || (e[1] > high && e[3] > high)) continue;
        const double s = wx * e[1] - wy * e[0] + c, t = wx * e[3] - wy * e[2] + c;
        if (s * t > 0.0) continue;
        const double ex = e[2] - e[0], ey = e[3] - e[1];
        const double p = ex * (a.y - e[1]) - ey * (a.x - e[0]), q = ex * (b.y - e[1]) - ey * (b.x - e[0]);
        if (p * q <= 0.0) return 0;
    }
    return 1;
}

/* Counts the strips of a path in; returns the samples left unseen. */
int64_t airground_see(Ground *ground, const Point *at, int32_t n) {
    for (int k = 0; k + 1 < n; k++) strip(ground, at[k], at[k + 1], 1);
    return ground->unseen;
}

/* Which of n legs stay in the room. */
void airground_sight(const Point *a, const Point *b, int32_t n, const Room *room, uint8_t *clear) {
    for (int32_t k = 0; k < n; k++) clear[k] = (uint8_t)in_room(room, a[k], b[k]);
}
