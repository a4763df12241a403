#include "model/prompts/tree_attention_warps.cuh"

namespace fedorbit::tree_kernels {
namespace {

/// Calls use with how many times eight numbers a lane has of a head.
template <class Use>
void with_head(const Heads& heads, const Use& use) {
  if (heads.width / heads.count <= part_lanes * at_once)
    use(Constant<1>());
  else
    use(Constant<2>());
}

float scale_of(const Heads& heads) { return 1 / sqrtf(float(heads.width / heads.count)); }

/// Bytes of a block: a score of every ancestor for each of its warps.
std::size_t scores_of(const Askers& askers) { return sizeof(float) * warps * std::size_t(askers.ancestors_each); }

}  // namespace

void attend(Type type, std::int64_t contexts, Askers askers, Heads heads, const void* joined, float* weights,
            void* mixed, cudaStream_t stream) {
  with_type(type, [&](auto t) {
    using T = decltype(t);
    with_head(heads, [&](auto each) {
      attend_heads<T, decltype(each)::value>
          <<<blocks_of(contexts * askers.count * heads.count), threads, scores_of(askers), stream>>>(
              contexts, askers, heads, scale_of(heads), static_cast<const T*>(joined), weights, static_cast<T*>(mixed));
    });
  });
}

void attend_back(Type type, Clients clients, Askers askers, Heads heads, const void* dmixed, const void* joined,
                 const float* weights, float* dscores, void* dqueries, std::int64_t queries_stride, void* dkeys,
                 void* dvalues, std::int64_t stride, cudaStream_t stream) {
  with_type(type, [&](auto t) {
    using T = decltype(t);
    with_head(heads, [&](auto each) {
      attend_back_askers<T, decltype(each)::value>
          <<<blocks_of(clients.clients * askers.count * heads.count), threads, scores_of(askers), stream>>>(
              clients, askers, heads, scale_of(heads), static_cast<const T*>(dmixed), static_cast<const T*>(joined),
              weights, dscores, static_cast<T*>(dqueries), queries_stride);
      attend_back_answers<T, decltype(each)::value>
          <<<blocks_of(clients.clients * clients.rows * heads.count), threads, 0, stream>>>(
              clients, askers, heads, static_cast<const T*>(dmixed), static_cast<const T*>(joined), weights, dscores,
              static_cast<T*>(dkeys), static_cast<T*>(dvalues), stride);
    });
  });
}

}  // namespace fedorbit::tree_kernels
