// The kernels' parameters: one struct a kernel, passed by value. src/Tercet.Cuda/Backends/Arguments mirrors them field for field.
#pragma once

#include "tercet/host_device.h"

namespace tercet {

// Rows of a panel: what one thread block takes of either side.
constexpr int kPanelRows = 128;
// A panel's depth is padded with zeros to a multiple of this.
constexpr int kDepthStep = 8;
// Room for the rows that may be an anchor's best; an anchor with more near ties is scanned again.
constexpr int kCandidates = 32;
// Of nearest rows: the most that are asked for, groups of gallery rows that bound them, and room for an anchor's candidates.
constexpr int kMostNearest = 32;
constexpr int kNearestGroups = 128;
constexpr int kNearestCandidates = 128;

// What a result holds in place of a position.
constexpr int kNothing = -1;
constexpr int kUndecided = -2;

// Extremes by number, as bits of a mask and as indices of buffers.
constexpr int kFarthestPositive = 0;
constexpr int kNearestPositive = 1;
constexpr int kNearestNegative = 2;
constexpr int kKinds = 3;

// Rows as the kernels read them. A panel is [padded_depth, 128]: one component of 128 rows after another.
struct PackedRows {
    const float* source;    // the caller's rows, [., depth]
    const int* order;       // position -> the caller's row, [count]
    const float* panels;    // [panels, padded_depth, 128]
    const float* terms;     // what a row adds to its keys, [panels * 128]; infinity where there is no row; aligned to 8 bytes
    const double* norms;    // [panels * 128]
    long long stride;       // floats from one source row to the next
    int count;
    int depth;
    int padded_depth;
    int panel_count;
};

// 16-bit components and their float32 values; both aligned to 8 bytes.
struct WidenArguments {
    const void* bits;
    float* values;
    long long count;
};

struct PrepareArguments {
    PackedRows rows;
    float* panels;
    float* terms;
    double* norms;
    uint32* largest;        // the ordered bits of the largest term, taken over by atomic maximum
    uint32* first_bad;      // ~ the lowest of the caller's rows that no key can be made of, 0 where there is none, taken over by atomic maximum
};

// Rows that no key can be made of: with a component that is not finite, or a squared norm beyond this, two of which no longer fit float32.
constexpr double kLargestSquaredNorm = 1e37;

// Rows as they lie, [count, depth].
struct CheckRowsArguments {
    const float* source;
    int count;
    int depth;
    uint32* first_bad;
};

// What the statistics are made of. Mirrored by the host.
struct Moments {
    double squared_norms;               // their sum
    double sum_of_rows_squared;         // the squared norm of the rows' sum
    double sum_of_unit_rows_squared;    // the same of the rows scaled to unit norm, where the metric is of such
    double non_zero_rows;
    uint32 first_bad;                   // as in PrepareArguments
    uint32 first_bad_anchor;
};

// A block's rows and dimensions.
constexpr int kMomentRows = 512;
constexpr int kMomentDimensions = 32;

struct MomentsArguments {
    PackedRows rows;
    double* partial_sums;   // of rows and of unit rows, [segments, dimensions rounded up, 2]
    double* partial_norms;  // squared, and how many are not zero, [segments, 2]
    const uint32* first_bad;
    const uint32* first_bad_anchor;
    Moments* moments;
};

// Rows as float16 pairs in the order of tensor-core fragments; nothing where the tensor cores are not used.
struct HalfPanels {
    const void* fragments;          // [panels, depth / 16 rounded up, 8 groups, hi and lo, 32 lanes] of 16 bytes
    const float* inverse_scales;    // what undoes a row's scaling, [panels * 128]
};

struct PrepareHalvesArguments {
    PackedRows rows;
    void* fragments;
    float* inverse_scales;
};

// Of an image of a panel's rows: components of a row, and bytes.
constexpr int kImageDepth = 64;
constexpr int kImageBytes = kPanelRows * kImageDepth * 2;

TERCET_HOST_DEVICE int image_steps(int depth) { return (depth + kImageDepth - 1) / kImageDepth; }

// Rows as float16 images, swizzled as wgmma's operands are: [panels, depth / 64 rounded up, 128 rows of 128 bytes].
struct PrepareImagesArguments {
    PackedRows rows;
    const uint32* largest;          // the ordered bits of the largest term, of both sides
    void* images;
    uint32* residual;               // see Tolerance; taken over by atomic maximum
};

// Anchor position -> its label's interval of gallery positions, and its own gallery position or −1; [anchors] each.
struct Classes {
    const int* starts;
    const int* ends;
    const int* selves;
};

// |key − exact key| <= slope * (an anchor's term + the largest term of the gallery, or of both sides) + constant, and 2 r + r² more of the terms where keys are of rows rounded to within r of their norms.
struct Tolerance {
    const uint32* largest;
    const uint32* residual; // the ordered bits of r; null where keys are of the rows themselves
    float slope;
    float constant;
};

// One kind of extreme.
struct KindBuffers {
    uint32* best;           // ordered bits of the smallest score so far, [anchors]
    int* counts;            // candidates met, [anchors]
    uint64* candidates;     // ordered bits of the score << 32 | gallery position, [anchors, 32]
    int* found;             // the answer: a gallery position, kNothing or kUndecided, [anchors]
};

struct ExtremesArguments {
    PackedRows anchors;
    PackedRows gallery;
    Classes classes;
    Tolerance tolerance;
    KindBuffers kinds[kKinds];
    HalfPanels anchor_halves;
    HalfPanels gallery_halves;      // of either side images in place of fragments where warp groups multiply
    double* keys;           // exact keys of what was found, [kinds wanted, anchors]
    int wanted;             // bit k: kind k
    int symmetric;          // anchor position i is gallery position i: only the upper triangle of tiles is computed
};

// Tables of one element a positive pair: those of anchor a are [offsets[a], offsets[a + 1]). Values are in the metric's unit.
struct Positives {
    const long long* offsets;   // [anchors + 1]
    double* values;             // exact distances, by position
    double* sorted;             // the same ascending
    int* order;                 // rank -> index by position
    float* keys;                // the sorted distances' keys
    float* margin_keys;         // the keys of the sorted distances plus the margin
    double margin;
    int root;                   // whether a value is its key's root
};

struct PositivesArguments {
    PackedRows anchors;
    PackedRows gallery;
    Classes classes;
    Positives positives;
};

// An anchor's negatives by the number of its positives that are nearer: one bucket a number, as a kind of extreme of its own, and behind them one for the
// farthest negative. Of a chunk of anchors, anchor by anchor.
struct Buckets {
    KindBuffers buffers;
    double* keys;               // exact keys of what was found
};

struct SemiHardArguments {
    PackedRows anchors;
    PackedRows gallery;
    HalfPanels anchor_halves;
    HalfPanels gallery_halves;
    Classes classes;
    Tolerance tolerance;
    Positives positives;
    Buckets buckets;
    uint64* hard;               // triplets with a gap <= 0, [anchors]
    uint64* violating;          // triplets with a gap <= the margin, [anchors]
    int first_panel;            // the chunk's first panel of anchors
    int first_column;           // the launch's first panel of gallery rows
    int counts;                 // whether triplets are counted
    int farthest;               // whether the farthest negative is wanted
};

// The loss over all triplets. Every row is an anchor, at its own position; a chunk is some panels of columns.
struct LossArguments {
    PackedRows rows;
    Classes classes;
    Tolerance tolerance;
    Positives positives;
    float* mean;                // [dimension panels * 128]
    float* centred;             // rows less their mean, [dimension panels, segments * segment_rows, 128]; zeros where there is no row or dimension
    float* weights;             // of the chunk's pairs, [chunk_panels, segments * segment_rows, 128]
    float* segment_sums;        // [segments, chunk_panels * 128, dimension panels * 128]
    float* sums;                // weighted sums of other rows, [panels * 128, dimension panels * 128]
    double* chunk_weights;      // sums over one panel of columns, [chunk_panels, panels * 128]
    double* chunk_losses;
    double* weight_sums;        // sums over all columns so far, [panels * 128]
    double* losses;             // the negatives' part in an anchor's loss so far, [panels * 128]; at the end the anchor's loss
    int* tallies;               // negatives by how many of an anchor's thresholds lie above them, from offsets[a] + a on
    int* violations;            // negatives that violate a positive, [pairs]
    uint64* non_zero;           // an anchor's terms above zero, [anchors]
    float* gradient;            // [anchors, depth]
    int segments;
    int segment_rows;           // a multiple of 128
    int first_column;           // the chunk's first panel of columns
    int chunk_panels;
    int wants_gradient;
};

// A chunk of anchors against the gallery; [chunk] is in anchors, from the first panel's first one on.
struct NearestArguments {
    PackedRows anchors;
    PackedRows gallery;
    HalfPanels anchor_halves;
    HalfPanels gallery_halves;
    Tolerance tolerance;
    uint32* minima;         // ordered bits of each group's smallest key, [chunk, kNearestGroups]
    float* limits;          // up to which key a row is a candidate, [chunk]
    int* counts;            // rows that passed, [chunk]
    int* candidates;        // their positions, [chunk, kNearestCandidates]
    double* keys;           // exact keys ascending, infinity where the gallery has no row left, [chunk, k]
    int* rows;              // the caller's gallery rows, kNothing there, [chunk, k]
    int first_panel;
    int k;
};

struct KeyRowsArguments {
    PackedRows anchors;
    PackedRows gallery;
    float* keys;            // [rows of the chunk, pitch]
    long long pitch;        // floats, a multiple of 128
    int first_panel;        // the chunk's first panel of anchors
};

}  // namespace tercet
