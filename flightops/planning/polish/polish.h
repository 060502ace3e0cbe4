/* Polishing of search paths: what is shared by ground.c, timing.c, moves.c and anneal.c. Lengths m, times s. */
#ifndef AIRGROUND_POLISH_H
#define AIRGROUND_POLISH_H
#include <math.h>
#include <stdint.h>

#define MOST_POINTS 16384
#define OUTSIDE 0x8000 /* mark of a sample that is not ground to be seen */
#define MOST_CHANGES 65536
#define LANES 16 /* samples counted at a time */

typedef struct { double x, y; } Point;

/* Samples of the ground: row k lies at y0 + k row, sample j of it at x0 + (j + offset[k]) step.
 * count[]: how many legs pass within `reach` of a sample. `work` counts what was done, in about nanoseconds: the
 * clock of a search, so that the same input gives the same path on every machine. */
typedef struct {
    int32_t rows, cols;
    double x0, y0, row, step, reach;
    const float *offset;
    uint16_t *count;
    int64_t unseen, work;
} Ground;

/* Airspeed, acceleration, pause at a turn, least radius flown through, least cosine of a bend flown through; what the
 * air moves by along x and y. */
typedef struct { double speed, accel, turn, radius, cosine, wind_x, wind_y; } Pace;

/* Edges (ax, ay, bx, by each) that no leg may meet. */
typedef struct { int32_t n; const double *edges; } Room;

/* What to do: price of an unseen sample (s), samples that may stay unseen, temperatures (s), work to spend, seed, swath,
 * what a point more costs (s): without it a path grows points that only serve to hit samples. */
typedef struct {
    double price, hot, cold, swath, point;
    int64_t allowed, budget;
    uint64_t seed;
    const uint8_t *lanes; /* null, or which legs are lines that are shifted and lengthened, never turned */
    int32_t last; /* the last path is wanted, not the best: a stage that others follow */
} Task;

/* Samples whose count went up or down by one: `n` from place `at` of count[] on; `sign` which. */
typedef struct {
    int64_t at;
    int32_t n, sign;
} Change;

/* A path being changed. `spare` holds the path a move would lead to; `change` what the move in hand did to the ground,
 * in order, so that it can be undone without measuring again. */
typedef struct {
    Ground *ground;
    const Pace *pace;
    const Room *room;
    const Task *task;
    double time, price;
    uint64_t random;
    int n, changes;
    Point at[MOST_POINTS], spare[MOST_POINTS];
    Change change[MOST_CHANGES + 1];
    char kept[MOST_POINTS];
} Walk;

static inline double least(double a, double b) { return a < b ? a : b; }
static inline double gap(Point a, Point b) { return sqrt((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)); }
static inline double most(double a, double b) { return a > b ? a : b; }

void strip(Ground *ground, Point a, Point b);
int trade(Walk *walk, const Point *gone, const Point *come);
void undo(Walk *walk);
int in_room(const Room *room, Point a, Point b);
double path_time(const Pace *pace, const Point *at, int n);
double judged_time(const Pace *pace, const Point *at, int n, Point *spare, char *kept);
int stops_at(const Walk *walk, int i);
int try_move(Walk *walk, double limit);
double uniform(Walk *walk);
#endif
