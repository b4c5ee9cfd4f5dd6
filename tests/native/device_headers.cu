// Compiles every function of the shared headers as device code.
#include "tercet/epilogue.h"
#include "tercet/metric.h"

template <typename Metric, typename Epilogue>
__global__ void mine_one(const float* x, const float* y, int depth, float* tile, double* exact, unsigned long long* key) {
    const float distance = Metric::from_dot(x[0] * y[0], x[0] * x[0], y[0] * y[0]);
    *tile = distance;
    *exact = Metric::exact(x, y, depth);
    if (Epilogue::accepts(true, false)) {
        *key = tercet::combine(Epilogue::pack(distance, 7u), tercet::kNoCandidate);
        *tile += Epilogue::distance_of(*key) + static_cast<float>(tercet::row_of(*key));
    }
}

template __global__ void mine_one<tercet::SquaredEuclidean, tercet::NearestNegative>(const float*, const float*, int, float*, double*, unsigned long long*);
template __global__ void mine_one<tercet::Euclidean, tercet::FarthestPositive>(const float*, const float*, int, float*, double*, unsigned long long*);
template __global__ void mine_one<tercet::Cosine, tercet::NearestNegative>(const float*, const float*, int, float*, double*, unsigned long long*);
