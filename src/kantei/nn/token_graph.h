// A list of steps over feature maps kept as rows of channels, run by oneDNN and own loops in memory that is used again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace kantei::nn {

/// Rows of channels in a slot. Slots are memory: whoever builds the graph says which values may share one.
struct Rows {
  int slot = 0;
  int height = 1, width = 1, channels = 1;
  bool wide = false;  ///< float32 whatever the graph computes in: what blocks add to
  std::size_t rows() const { return static_cast<std::size_t>(height) * static_cast<std::size_t>(width); }
  std::size_t values() const { return rows() * static_cast<std::size_t>(channels); }
};

/// What happens to a product before it is written.
enum class After { kNothing, kGelu, kAdd /** to what is there */ };

struct NormWeights {
  std::vector<float> weight, bias;
  float eps = 1e-6f;
};

struct LinearLayer {
  std::vector<float> weight;  ///< out x in
  std::vector<float> bias;    ///< out, or empty
};

struct ConvLayer {
  std::vector<float> weight;  ///< out x in/groups x kernel x kernel
  std::vector<float> bias;    ///< out, or empty
  int kernel = 3, stride = 1, padding = 1, groups = 1;
};

/// Built once on one thread, weights laid out for the machine as steps are added; then immutable. Building and running throw
/// dnnl::error (a std::exception) and std::bad_alloc.
class TokenGraph {
 public:
  /// The memory of one run.
  class Arena {
   public:
    virtual ~Arena() = default;
    virtual std::byte* slot(int index) = 0;
  };

  TokenGraph(bool bfloat16, int threads);
  ~TokenGraph();
  TokenGraph(const TokenGraph&) = delete;
  TokenGraph& operator=(const TokenGraph&) = delete;

  /// `out` has as many rows as `in`, and `layer`'s channels.
  void Linear(const Rows& in, const LinearLayer& layer, const Rows& out, After after = After::kNothing);
  void Conv(const Rows& in, const ConvLayer& layer, const Rows& out, After after = After::kNothing);
  /// in is wide. `order`: where each row goes.
  void Norm(const Rows& in, const NormWeights& norm, const Rows& out, std::vector<std::uint32_t> order = {});
  /// out (wide, one channel) = constant + norm(in) . direction
  void NormDot(const Rows& in, const NormWeights& norm, std::span<const float> direction, double constant,
               const Rows& out);
  /// x += narrow(gelu(widen(norm(in)))), a part of the rows at a time so that what is between stays in the cache; `in` and x are
  /// wide, `normed` and `hidden` are slots for what is between.
  void Mlp(const Rows& in, const NormWeights& norm, const LinearLayer& widen, const LinearLayer& narrow,
           const Rows& x, int normed, int hidden);
  void Gelu(const Rows& in);  ///< in place
  /// The values in the graph's type: a step that writes them to this slot, or `in` itself when it is of that type.
  Rows Narrowed(const Rows& in, int slot);
  void Patches(const Rows& in, int kernel, const Rows& out);
  void MaxPool(const Rows& in, const Rows& out);
  /// Attention of `query` (rows x C) over `keys_values` (rows x 2C: keys, then values), whose scale is in the query's weights.
  /// `scratch`: four slots.
  void Attention(const Rows& query, const Rows& keys_values, int heads, const Rows& out,
                 const int (&scratch)[4]);

  /// float32 -> the graph's type, at the slot of `to`.
  void Write(std::span<const float> values, const Rows& to, Arena& arena) const;
  void Run(Arena& arena) const;
  std::unique_ptr<Arena> NewArena() const;
  std::size_t arena_bytes() const;
  int threads() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kantei::nn
