#include "kantei/nn/token_graph.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <utility>

#include "kantei/base/result.h"
#include "kantei/nn/pooling.h"
#include "kantei/nn/token_kernels.h"

// oneDNN runs on OpenMP, whose thread count belongs to the calling thread.
extern "C" {
void omp_set_num_threads(int count);
int omp_get_max_threads(void);
}

namespace kantei::nn {
namespace {

using Type = dnnl::memory::data_type;
using Tag = dnnl::memory::format_tag;
using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;

constexpr std::size_t kAlignment = 64;
constexpr int kScratchpadSlot = -1;
constexpr int kDepth = 64;  // channels of one head of attention
// Parts of a map that are worked on at once: what is between two products is to stay in a core's cache.
constexpr std::size_t kMlpRows = 2048, kScoreValues = std::size_t{1} << 18;

class ThreadScope {
 public:
  explicit ThreadScope(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
  ~ThreadScope() { omp_set_num_threads(before_); }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int before_;
};

std::size_t LargestDivisor(std::size_t number, std::size_t limit) {
  for (std::size_t d = std::min(number, limit); d > 1; --d) {
    if (number % d == 0) return d;
  }
  return 1;
}

dnnl::primitive_attr Attributes(After after) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops post;
  if (after == After::kAdd) post.append_sum(1.0f);
#if DNNL_VERSION_MAJOR >= 3
  if (after == After::kGelu) post.append_eltwise(dnnl::algorithm::eltwise_gelu_erf, 0, 0);
#else
  if (after == After::kGelu) post.append_eltwise(1.0f, dnnl::algorithm::eltwise_gelu_erf, 0, 0);
#endif
  attributes.set_post_ops(post);
  return attributes;
}

struct ArenaOfSlots : TokenGraph::Arena {
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<std::byte, Free> memory;
  std::unordered_map<int, std::byte*> slots;
  std::byte* slot(int index) override { return slots.at(index); }
};

// Slots of one run with the offsets of a part of the rows.
struct At {
  int slot = 0;
  std::size_t offset = 0;
};

}  // namespace

struct TokenGraph::State {
  using Step = std::function<void(Arena&, dnnl::stream&)>;

  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  Type type;
  int threads;
  std::vector<Step> steps;
  std::unordered_map<int, std::size_t> slot_bytes;

  Type TypeOf(const Rows& rows) const { return rows.wide ? Type::f32 : type; }
  std::size_t ValueBytes(const Rows& rows) const { return rows.wide || type == Type::f32 ? 4 : 2; }
  void Reserve(int slot, std::size_t bytes) { slot_bytes[slot] = std::max(slot_bytes[slot], bytes); }
  void Reserve(const Rows& rows) { Reserve(rows.slot, rows.values() * ValueBytes(rows)); }

  dnnl::memory Pack(std::span<const float> numbers, const Desc& plain_floats, const Desc& wanted);
  dnnl::memory BiasOf(std::span<const float> bias, const Dims& dims, Tag tag);

  // A product of fixed shapes; `run` may be given parts of larger slots.
  struct Product {
    dnnl::primitive primitive;
    Desc from, to, scratchpad, second;
    dnnl::memory weights, bias;  // fixed ones, or none
    void Run(const State& state, Arena& arena, dnnl::stream& stream, const At& in, const At& out,
             const At* second_in = nullptr) const;
  };
  Product MakeLinear(std::size_t rows, int in, int out, const LinearLayer& layer, Type from, Type to,
                     After after);
  // rows x k times k x columns of slots; the second given transposed (columns x k) or not.
  Product MakeProduct(std::size_t rows, std::size_t k, std::size_t columns, bool transposed, Type to);
};

dnnl::memory TokenGraph::State::Pack(std::span<const float> numbers, const Desc& plain_floats,
                                     const Desc& wanted) {
  dnnl::stream stream(engine);
  dnnl::memory floats(plain_floats, engine);
  std::copy(numbers.begin(), numbers.end(), static_cast<float*>(floats.get_data_handle()));
  dnnl::memory packed(wanted, engine);
  dnnl::reorder(floats, packed).execute(stream, floats, packed);
  stream.wait();
  return packed;
}

dnnl::memory TokenGraph::State::BiasOf(std::span<const float> bias, const Dims& dims, Tag tag) {
  dnnl::memory memory({dims, Type::f32, tag}, engine);
  std::copy(bias.begin(), bias.end(), static_cast<float*>(memory.get_data_handle()));
  return memory;
}

void TokenGraph::State::Product::Run(const State& state, Arena& arena, dnnl::stream& stream, const At& in,
                                     const At& out, const At* second_in) const {
  const auto view = [&](const Desc& desc, const At& at) {
    return dnnl::memory(desc, state.engine, arena.slot(at.slot) + at.offset);
  };
  std::unordered_map<int, dnnl::memory> arguments = {
      {DNNL_ARG_SRC, view(from, in)},
      {DNNL_ARG_DST, view(to, out)},
      {DNNL_ARG_SCRATCHPAD, view(scratchpad, {kScratchpadSlot, 0})},
      {DNNL_ARG_WEIGHTS, second_in != nullptr ? view(second, *second_in) : weights}};
  if (bias) arguments.emplace(DNNL_ARG_BIAS, bias);
  primitive.execute(stream, arguments);
}

TokenGraph::State::Product TokenGraph::State::MakeLinear(std::size_t rows, int in, int out,
                                                         const LinearLayer& layer, Type from, Type to,
                                                         After after) {
  KANTEI_CHECK(layer.weight.size() == static_cast<std::size_t>(in) * static_cast<std::size_t>(out));
  const auto m = static_cast<dnnl::memory::dim>(rows);
  Product product;
  product.from = Desc({m, in}, from, Tag::ab);
  product.to = Desc({m, out}, to, Tag::ab);
  const Desc any({in, out}, from, Tag::any), bias_desc({1, out}, Type::f32, Tag::ab), no_bias;
  const auto attributes = Attributes(after);
  const bool biased = !layer.bias.empty();
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::matmul::primitive_desc description(engine, product.from, any, biased ? bias_desc : no_bias,
                                                 product.to, attributes);
#else
  const dnnl::matmul::desc wanted = biased ? dnnl::matmul::desc(product.from, any, bias_desc, product.to)
                                           : dnnl::matmul::desc(product.from, any, product.to);
  const dnnl::matmul::primitive_desc description(wanted, attributes, engine);
#endif
  product.primitive = dnnl::matmul(description);
  product.scratchpad = description.scratchpad_desc();
  Reserve(kScratchpadSlot, product.scratchpad.get_size());
  product.weights = Pack(layer.weight, Desc({in, out}, Type::f32, Tag::ba), description.weights_desc());
  if (biased) product.bias = BiasOf(layer.bias, {1, out}, Tag::ab);
  return product;
}

TokenGraph::State::Product TokenGraph::State::MakeProduct(std::size_t rows, std::size_t k,
                                                          std::size_t columns, bool transposed, Type to) {
  const auto m = static_cast<dnnl::memory::dim>(rows), inner = static_cast<dnnl::memory::dim>(k),
             n = static_cast<dnnl::memory::dim>(columns);
  Product product;
  product.from = Desc({m, inner}, type, Tag::ab);
  product.second = Desc({inner, n}, type, transposed ? Tag::ba : Tag::ab);
  product.to = Desc({m, n}, to, Tag::ab);
  const auto attributes = Attributes(After::kNothing);
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::matmul::primitive_desc description(engine, product.from, product.second, product.to,
                                                 attributes);
#else
  const dnnl::matmul::primitive_desc description({product.from, product.second, product.to}, attributes,
                                                 engine);
#endif
  product.primitive = dnnl::matmul(description);
  product.scratchpad = description.scratchpad_desc();
  Reserve(kScratchpadSlot, product.scratchpad.get_size());
  return product;
}

TokenGraph::TokenGraph(bool bfloat16, int threads) : state_(std::make_unique<State>()) {
  state_->type = bfloat16 ? Type::bf16 : Type::f32;
  state_->threads = threads;
}
TokenGraph::~TokenGraph() = default;

void TokenGraph::Linear(const Rows& in, const LinearLayer& layer, const Rows& out, After after) {
  const ThreadScope scope(state_->threads);
  state_->Reserve(in);
  state_->Reserve(out);
  KANTEI_CHECK(in.rows() == out.rows() && state_->TypeOf(in) == state_->type);
  auto product = state_->MakeLinear(in.rows(), in.channels, out.channels, layer, state_->TypeOf(in),
                                    state_->TypeOf(out), after);
  state_->steps.push_back(
      [state = state_.get(), product = std::move(product), in, out](Arena& arena, dnnl::stream& stream) {
        product.Run(*state, arena, stream, {in.slot, 0}, {out.slot, 0});
      });
}

void TokenGraph::Conv(const Rows& in, const ConvLayer& layer, const Rows& out, After after) {
  const ThreadScope scope(state_->threads);
  state_->Reserve(in);
  state_->Reserve(out);
  const bool grouped = layer.groups > 1;
  const Type from_type = state_->TypeOf(in);
  State::Product product;
  product.from = Desc({1, in.channels, in.height, in.width}, from_type, Tag::nhwc);
  product.to = Desc({1, out.channels, out.height, out.width}, state_->TypeOf(out), Tag::nhwc);
  const int k = layer.kernel, g = layer.groups;
  const Dims dims =
      grouped ? Dims{g, out.channels / g, in.channels / g, k, k} : Dims{out.channels, in.channels, k, k};
  const Desc any(dims, from_type, Tag::any), bias_desc({out.channels}, Type::f32, Tag::x), no_bias;
  const Desc bias = layer.bias.empty() ? no_bias : bias_desc;
  const Dims strides{layer.stride, layer.stride}, padding{layer.padding, layer.padding};
  const auto attributes = Attributes(after);
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::convolution_forward::primitive_desc description(
      state_->engine, dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, product.from,
      any, bias, product.to, strides, padding, padding, attributes);
#else
  const dnnl::convolution_forward::primitive_desc description(
      {dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, product.from, any, bias,
       product.to, strides, padding, padding},
      attributes, state_->engine);
#endif
  product.primitive = dnnl::convolution_forward(description);
  product.scratchpad = description.scratchpad_desc();
  state_->Reserve(kScratchpadSlot, product.scratchpad.get_size());
  product.weights = state_->Pack(layer.weight, Desc(dims, Type::f32, grouped ? Tag::goihw : Tag::oihw),
                                 description.weights_desc());
  if (!layer.bias.empty()) product.bias = state_->BiasOf(layer.bias, {out.channels}, Tag::x);
  state_->steps.push_back(
      [state = state_.get(), product = std::move(product), in, out](Arena& arena, dnnl::stream& stream) {
        product.Run(*state, arena, stream, {in.slot, 0}, {out.slot, 0});
      });
}

namespace {

// The norm of some rows, to either type.
void NormInto(const float* in, std::size_t rows, int channels, const NormWeights& norm,
              std::span<const std::uint32_t> order, int threads, bool wide, std::byte* out) {
  const NormView view{norm.weight.data(), norm.bias.data(), norm.eps};
  const auto columns = static_cast<std::size_t>(channels);
  if (wide) {
    NormRows(in, rows, columns, view, order, threads, reinterpret_cast<float*>(out));
  } else {
    NormRows(in, rows, columns, view, order, threads, reinterpret_cast<std::uint16_t*>(out));
  }
}

}  // namespace

void TokenGraph::Norm(const Rows& in, const NormWeights& norm, const Rows& out,
                      std::vector<std::uint32_t> order) {
  KANTEI_CHECK(in.wide || state_->type == Type::f32);
  KANTEI_CHECK(order.empty() || order.size() == in.rows());
  state_->Reserve(in);
  state_->Reserve(out);
  const bool wide = state_->TypeOf(out) == Type::f32;
  state_->steps.push_back(
      [=, threads = state_->threads, order = std::move(order)](Arena& arena, dnnl::stream&) {
        NormInto(reinterpret_cast<const float*>(arena.slot(in.slot)), in.rows(), in.channels, norm, order,
                 threads, wide, arena.slot(out.slot));
      });
}

void TokenGraph::NormDot(const Rows& in, const NormWeights& norm, std::span<const float> direction,
                         double constant, const Rows& out) {
  KANTEI_CHECK(direction.size() == norm.weight.size() && (in.wide || state_->type == Type::f32));
  state_->Reserve(in);
  state_->Reserve(out);
  std::vector<float> weighted(direction.begin(), direction.end());
  for (std::size_t i = 0; i < weighted.size(); ++i) {
    constant += static_cast<double>(weighted[i]) * norm.bias[i];
    weighted[i] *= norm.weight[i];
  }
  state_->steps.push_back([=, eps = norm.eps, threads = state_->threads](Arena& arena, dnnl::stream&) {
    NormDotRows(reinterpret_cast<const float*>(arena.slot(in.slot)), in.rows(),
                static_cast<std::size_t>(in.channels), weighted.data(), eps, static_cast<float>(constant),
                threads, reinterpret_cast<float*>(arena.slot(out.slot)));
  });
}

void TokenGraph::Mlp(const Rows& in, const NormWeights& norm, const LinearLayer& widen,
                     const LinearLayer& narrow, const Rows& x, int normed, int hidden) {
  const ThreadScope scope(state_->threads);
  KANTEI_CHECK(in.wide && x.wide && in.channels == x.channels && in.rows() == x.rows());
  const std::size_t part = LargestDivisor(in.rows(), kMlpRows), parts = in.rows() / part;
  const auto channels = static_cast<std::size_t>(in.channels);
  const int wider = static_cast<int>(widen.weight.size() / channels);
  const Type type = state_->type;
  const std::size_t value_bytes = type == Type::f32 ? 4 : 2;
  state_->Reserve(in);
  state_->Reserve(x);
  state_->Reserve(normed, part * channels * value_bytes);
  state_->Reserve(hidden, part * static_cast<std::size_t>(wider) * value_bytes);
  auto first = state_->MakeLinear(part, in.channels, wider, widen, type, type, After::kGelu);
  auto second = state_->MakeLinear(part, wider, in.channels, narrow, type, Type::f32, After::kAdd);
  state_->steps.push_back([=, state = state_.get(), first = std::move(first), second = std::move(second)](
                              Arena& arena, dnnl::stream& stream) {
    for (std::size_t i = 0; i < parts; ++i) {
      const std::size_t offset = i * part * channels;
      NormInto(reinterpret_cast<const float*>(arena.slot(in.slot)) + offset, part, in.channels, norm, {},
               state->threads, state->type == Type::f32, arena.slot(normed));
      first.Run(*state, arena, stream, {normed, 0}, {hidden, 0});
      second.Run(*state, arena, stream, {hidden, 0}, {x.slot, offset * sizeof(float)});
    }
  });
}

void TokenGraph::Gelu(const Rows& in) {
  const ThreadScope scope(state_->threads);
  state_->Reserve(in);
  State::Product product;
  product.from = product.to =
      Desc({static_cast<dnnl::memory::dim>(in.rows()), in.channels}, state_->TypeOf(in), Tag::ab);
  const auto attributes = Attributes(After::kNothing);
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::eltwise_forward::primitive_desc description(state_->engine, dnnl::prop_kind::forward_inference,
                                                          dnnl::algorithm::eltwise_gelu_erf, product.from,
                                                          product.to, 0.0f, 0.0f, attributes);
#else
  const dnnl::eltwise_forward::primitive_desc description(
      {dnnl::prop_kind::forward_inference, dnnl::algorithm::eltwise_gelu_erf, product.from, 0.0f, 0.0f},
      attributes, state_->engine);
#endif
  product.primitive = dnnl::eltwise_forward(description);
  product.scratchpad = description.scratchpad_desc();
  state_->Reserve(kScratchpadSlot, product.scratchpad.get_size());
  state_->steps.push_back([state = state_.get(), product = std::move(product), in](Arena& arena,
                                                                                   dnnl::stream& stream) {
    const auto view = dnnl::memory(product.from, state->engine, arena.slot(in.slot));
    std::unordered_map<int, dnnl::memory> arguments = {
        {DNNL_ARG_SRC, view},
        {DNNL_ARG_DST, view},
        {DNNL_ARG_SCRATCHPAD, dnnl::memory(product.scratchpad, state->engine, arena.slot(kScratchpadSlot))}};
    product.primitive.execute(stream, arguments);
  });
}

Rows TokenGraph::Narrowed(const Rows& in, int slot) {
  if (state_->TypeOf(in) == state_->type) return in;
  Rows out = in;
  out.slot = slot;
  out.wide = false;
  state_->Reserve(in);
  state_->Reserve(out);
  state_->steps.push_back([=, threads = state_->threads](Arena& arena, dnnl::stream&) {
    const float* from = reinterpret_cast<const float*>(arena.slot(in.slot));
    auto* to = reinterpret_cast<std::uint16_t*>(arena.slot(out.slot));
    ForRows(in.values(), threads, [&](std::size_t begin, std::size_t end) {
      RoundToBfloat16(from + begin, end - begin, to + begin);
    });
  });
  return out;
}

void TokenGraph::Patches(const Rows& in, int kernel, const Rows& out) {
  KANTEI_CHECK(in.height % kernel == 0 && in.width % kernel == 0 &&
               out.channels == kernel * kernel * in.channels);
  state_->Reserve(in);
  state_->Reserve(out);
  const std::size_t pixel_bytes = state_->ValueBytes(in) * static_cast<std::size_t>(in.channels);
  state_->steps.push_back([=, threads = state_->threads](Arena& arena, dnnl::stream&) {
    PatchRows(arena.slot(in.slot), static_cast<std::size_t>(in.height), static_cast<std::size_t>(in.width),
              pixel_bytes, static_cast<std::size_t>(kernel), threads, arena.slot(out.slot));
  });
}

void TokenGraph::MaxPool(const Rows& in, const Rows& out) {
  KANTEI_CHECK(in.wide);
  state_->Reserve(in);
  state_->Reserve(out);
  const bool wide = state_->TypeOf(out) == Type::f32;
  state_->steps.push_back([=, threads = state_->threads](Arena& arena, dnnl::stream&) {
    const auto height = static_cast<std::size_t>(in.height), width = static_cast<std::size_t>(in.width),
               channels = static_cast<std::size_t>(in.channels);
    const float* from = reinterpret_cast<const float*>(arena.slot(in.slot));
    if (wide) {
      MaxPoolRows(from, height, width, channels, threads, reinterpret_cast<float*>(arena.slot(out.slot)));
    } else {
      MaxPoolRows(from, height, width, channels, threads,
                  reinterpret_cast<std::uint16_t*>(arena.slot(out.slot)));
    }
  });
}

void TokenGraph::Attention(const Rows& query, const Rows& keys_values, int heads, const Rows& out,
                           const int (&scratch)[4]) {
  const ThreadScope scope(state_->threads);
  KANTEI_CHECK(query.channels == heads * kDepth && keys_values.channels == 2 * query.channels);
  const std::size_t rows = query.rows(), keys = keys_values.rows(), h = static_cast<std::size_t>(heads);
  const std::size_t part = LargestDivisor(rows, std::max<std::size_t>(kScoreValues / keys, 1)),
                    parts = rows / part;
  const Type type = state_->type;
  const std::size_t value_bytes = type == Type::f32 ? 4 : 2, piece = kDepth * value_bytes;
  const int split = scratch[0], key_slot = scratch[1], scores = scratch[2], shares = scratch[3];
  state_->Reserve(query);
  state_->Reserve(keys_values);
  state_->Reserve(out);
  state_->Reserve(split, 2 * rows * h * piece);  // queries and answers, by heads
  state_->Reserve(key_slot, 2 * keys * h * piece);
  state_->Reserve(scores, part * keys * sizeof(float));
  state_->Reserve(shares, part * keys * value_bytes);
  auto score = state_->MakeProduct(part, kDepth, keys, true, Type::f32);
  auto answer = state_->MakeProduct(part, keys, kDepth, false, type);
  state_->steps.push_back([=, state = state_.get(), score = std::move(score), answer = std::move(answer)](
                              Arena& arena, dnnl::stream& stream) {
    const int threads = state->threads;
    const std::size_t row_bytes = h * piece, key_half = keys * row_bytes, answers = rows * row_bytes;
    SplitRows(arena.slot(keys_values.slot), keys, 2 * row_bytes, 0, h, piece, threads, arena.slot(key_slot));
    SplitRows(arena.slot(keys_values.slot), keys, 2 * row_bytes, row_bytes, h, piece, threads,
              arena.slot(key_slot) + key_half);
    if (h > 1) SplitRows(arena.slot(query.slot), rows, row_bytes, 0, h, piece, threads, arena.slot(split));
    for (std::size_t head = 0; head < h; ++head) {
      const At key{key_slot, head * keys * piece}, value{key_slot, key_half + head * keys * piece};
      for (std::size_t p = 0; p < parts; ++p) {
        const std::size_t offset = (head * rows + p * part) * piece;
        score.Run(*state, arena, stream, {h > 1 ? split : query.slot, offset}, {scores, 0}, &key);
        const float* from = reinterpret_cast<const float*>(arena.slot(scores));
        if (state->type == Type::f32) {
          SoftmaxRows(from, part, keys, threads, reinterpret_cast<float*>(arena.slot(shares)));
        } else {
          SoftmaxRows(from, part, keys, threads, reinterpret_cast<std::uint16_t*>(arena.slot(shares)));
        }
        answer.Run(*state, arena, stream, {shares, 0},
                   h > 1 ? At{split, answers + offset} : At{out.slot, offset}, &value);
      }
    }
    if (h > 1) MergeRows(arena.slot(split) + answers, rows, h, piece, threads, arena.slot(out.slot));
  });
}

void TokenGraph::Write(std::span<const float> values, const Rows& to, Arena& arena) const {
  KANTEI_CHECK(values.size() == to.values());
  if (state_->TypeOf(to) == Type::f32) {
    std::memcpy(arena.slot(to.slot), values.data(), values.size_bytes());
  } else {
    RoundToBfloat16(values.data(), values.size(), reinterpret_cast<std::uint16_t*>(arena.slot(to.slot)));
  }
}

void TokenGraph::Run(Arena& arena) const {
  const ThreadScope scope(state_->threads);
  dnnl::stream stream(state_->engine);
  for (const State::Step& step : state_->steps) step(arena, stream);
  stream.wait();
}

std::size_t TokenGraph::arena_bytes() const {
  std::size_t bytes = kAlignment;
  for (const auto& [slot, size] : state_->slot_bytes)
    bytes += (size + kAlignment - 1) / kAlignment * kAlignment;
  return bytes;
}

std::unique_ptr<TokenGraph::Arena> TokenGraph::NewArena() const {
  auto arena = std::make_unique<ArenaOfSlots>();
  arena->memory.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, arena_bytes())));
  if (arena->memory == nullptr) throw std::bad_alloc();
  std::byte* at = arena->memory.get();
  arena->slots[kScratchpadSlot] = at;
  for (const auto& [slot, size] : state_->slot_bytes) {
    arena->slots[slot] = at;
    at += (size + kAlignment - 1) / kAlignment * kAlignment;
  }
  return arena;
}

int TokenGraph::threads() const {
  return state_->threads;
}

}  // namespace kantei::nn
