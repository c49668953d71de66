#include "kantei/nn/cpu_network.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <list>
#include <map>
#include <mutex>
#include <new>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <unordered_map>
#include <utility>

#include "kantei/nn/pooling.h"

// oneDNN runs on OpenMP, whose thread count belongs to the calling thread.
extern "C" {
void omp_set_num_threads(int count);
int omp_get_max_threads(void);
}

namespace kantei::nn {
namespace {

using Type = dnnl::memory::data_type;
using Tag = dnnl::memory::format_tag;

constexpr std::size_t kMaxPlans = 8;  // one per shape of input
constexpr std::size_t kAlignment = 64;

class ThreadScope {
 public:
  explicit ThreadScope(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
  ~ThreadScope() { omp_set_num_threads(before_); }
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int before_;
};

struct AlignedDelete {
  void operator()(std::byte* bytes) const { std::free(bytes); }
};
using AlignedBytes = std::unique_ptr<std::byte, AlignedDelete>;

AlignedBytes Allocate(std::size_t bytes) {
  const std::size_t rounded = (std::max<std::size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded));
  if (memory == nullptr) throw std::bad_alloc();
  return AlignedBytes(memory);
}

// Where an activation lives. A block reads X; its shortcut writes Y and the chain goes through T and U and is summed into
// Y, or into X itself when the shortcut is the identity.
enum Slot { kSlotA, kSlotB, kSlotT, kSlotU, kSlots };

struct Step {
  dnnl::primitive primitive;
  Slot from = kSlotA, to = kSlotA;
  dnnl::memory::desc from_desc, to_desc, scratchpad_desc;
  dnnl::memory weights, bias;  // empty for pooling
};

struct Shape {
  int count = 0, width = 0, height = 0, threads = 0;
  auto operator<=>(const Shape&) const = default;
};

// Everything that depends on the input's shape.
struct Plan {
  Shape shape;
  std::vector<Step> steps;
  dnnl::memory::desc input_desc, first_desc;
  std::size_t slot_bytes[kSlots] = {};
  std::size_t scratchpad_bytes = 0;
  Slot last = kSlotA;
  std::size_t positions = 0;  // of the last map
  Type last_type = Type::f32;

  std::size_t ArenaBytes() const {
    std::size_t bytes = scratchpad_bytes + kAlignment;
    for (const std::size_t slot : slot_bytes) bytes += (slot + kAlignment - 1) / kAlignment * kAlignment;
    return bytes;
  }
};

dnnl::primitive_attr UserScratchpad() {
  dnnl::primitive_attr attributes;
  // The library's own scratchpad would tie a primitive to the thread that made it.
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

dnnl::primitive_attr UnitAttributes(bool sum, bool relu) {
  dnnl::primitive_attr attributes = UserScratchpad();
  dnnl::post_ops after;
  if (sum) after.append_sum(1.0f);
#if DNNL_VERSION_MAJOR >= 3
  if (relu) after.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0);
#else
  if (relu) after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0, 0);
#endif
  attributes.set_post_ops(after);
  return attributes;
}

dnnl::memory::dims WeightDims(const ConvSpec& spec) {
  if (spec.groups == 1) return {spec.out, spec.in, spec.kernel, spec.kernel};
  return {spec.groups, spec.out / spec.groups, spec.in / spec.groups, spec.kernel, spec.kernel};
}

int ConvolvedSize(int size, int kernel, int stride) {
  return (size + kernel / 2 * 2 - kernel) / stride + 1;
}

}  // namespace

struct CpuNetwork::State {
  struct Unit {
    dnnl::memory bias;
    // Layouts of the weights that plans asked for, nearly always one; before the first, the plain one alone.
    std::vector<dnnl::memory> layouts;
    bool plain = true;
  };

  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  NetworkWeights network;  // its units are empty: their numbers are in `units`
  bool bfloat16 = false;
  Type type = Type::f32;

  mutable std::mutex mutex;  // of all below
  mutable std::unordered_map<std::string, Unit> units;
  mutable std::list<std::shared_ptr<const Plan>> plans;  // most recently used first
  mutable std::vector<std::pair<std::size_t, AlignedBytes>> arenas;

  void TakeWeights();
  dnnl::memory WeightsAs(const std::string& name, const dnnl::memory::desc& wanted) const;
  std::shared_ptr<const Plan> PlanFor(const Shape& shape) const;
  std::shared_ptr<Plan> MakePlan(const Shape& shape) const;
  std::pair<std::size_t, AlignedBytes> TakeArena(std::size_t bytes) const;
  void GiveBack(std::pair<std::size_t, AlignedBytes> arena) const;
  const std::byte* Execute(const Plan& plan, const float* input, std::byte* arena) const;
};

void CpuNetwork::State::TakeWeights() {
  for (const ConvSpec* spec : UnitsOf(network.spec)) {
    UnitWeights& numbers = network.units.at(spec->conv);
    const Tag tag = spec->groups == 1 ? Tag::oihw : Tag::goihw;
    dnnl::memory kept({WeightDims(*spec), type, tag}, engine);
    // Copied here: a reorder between equal layouts takes the library's slow path.
    if (bfloat16) {
      RoundToBfloat16(numbers.weight.data(), numbers.weight.size(),
                      static_cast<std::uint16_t*>(kept.get_data_handle()));
    } else {
      std::copy(numbers.weight.begin(), numbers.weight.end(), static_cast<float*>(kept.get_data_handle()));
    }
    dnnl::memory bias({{spec->out}, Type::f32, Tag::x}, engine);
    std::copy(numbers.bias.begin(), numbers.bias.end(), static_cast<float*>(bias.get_data_handle()));
    units[spec->conv] = {bias, {kept}, true};
    numbers = {};
  }
}

dnnl::memory CpuNetwork::State::WeightsAs(const std::string& name, const dnnl::memory::desc& wanted) const {
  Unit& unit = units.at(name);
  auto& layouts = unit.layouts;
  for (const dnnl::memory& layout : layouts) {
    if (layout.get_desc() != wanted) continue;
    unit.plain = false;
    return layout;
  }
  dnnl::memory made(wanted, engine);
  dnnl::stream stream(engine);
  dnnl::reorder(layouts.front(), made).execute(stream, layouts.front(), made);
  stream.wait();
  if (std::exchange(unit.plain, false)) layouts.clear();
  layouts.push_back(made);
  return made;
}

std::shared_ptr<Plan> CpuNetwork::State::MakePlan(const Shape& shape) const {
  auto plan = std::make_shared<Plan>();
  plan->shape = shape;
  struct Activation {
    Slot slot = kSlotA;
    int channels = 0, width = 0, height = 0;
    Type type = Type::f32;
  };
  const auto desc_of = [&](const Activation& a) {
    return dnnl::memory::desc({shape.count, a.channels, a.height, a.width}, a.type, Tag::nhwc);
  };
  const auto reserve = [&](const Activation& a) {
    plan->slot_bytes[a.slot] = std::max(plan->slot_bytes[a.slot], desc_of(a).get_size());
  };
  const auto finish = [&](Step step, const auto& description, const Activation& from, const Activation& to) {
    step.from = from.slot;
    step.to = to.slot;
    step.from_desc = desc_of(from);
    step.to_desc = desc_of(to);
    step.scratchpad_desc = description.scratchpad_desc();
    plan->scratchpad_bytes = std::max(plan->scratchpad_bytes, step.scratchpad_desc.get_size());
    plan->steps.push_back(std::move(step));
    reserve(from);
    reserve(to);
    return to;
  };
  const auto convolve = [&](const ConvSpec& spec, const Activation& from, Slot to_slot, bool sum, bool relu,
                            Type to_type) {
    const Activation to{to_slot, spec.out, ConvolvedSize(from.width, spec.kernel, spec.stride),
                        ConvolvedSize(from.height, spec.kernel, spec.stride), to_type};
    const dnnl::memory::desc weights(WeightDims(spec), type, Tag::any), bias({spec.out}, Type::f32, Tag::x);
    const dnnl::memory::dims strides{spec.stride, spec.stride}, padding{spec.kernel / 2, spec.kernel / 2};
    const auto attributes = UnitAttributes(sum, relu);
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::convolution_forward::primitive_desc description(
        engine, dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, desc_of(from),
        weights, bias, desc_of(to), strides, padding, padding, attributes);
#else
    const dnnl::convolution_forward::primitive_desc description(
        {dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, desc_of(from), weights,
         bias, desc_of(to), strides, padding, padding},
        attributes, engine);
#endif
    Step step;
    step.primitive = dnnl::convolution_forward(description);
    step.weights = WeightsAs(spec.conv, description.weights_desc());
    step.bias = units.at(spec.conv).bias;
    return finish(std::move(step), description, from, to);
  };
  const auto pool = [&](const Activation& from, Slot to_slot) {
    const Activation to{to_slot, from.channels, ConvolvedSize(from.width, 3, 2),
                        ConvolvedSize(from.height, 3, 2), from.type};
    const dnnl::memory::dims strides{2, 2}, kernel{3, 3}, before{1, 1};
    const dnnl::memory::dims after{(to.height - 1) * 2 + 3 - from.height - 1,
                                   (to.width - 1) * 2 + 3 - from.width - 1};
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::pooling_forward::primitive_desc description(
        engine, dnnl::prop_kind::forward_inference, dnnl::algorithm::pooling_max, desc_of(from), desc_of(to),
        strides, kernel, {0, 0}, before, after, UserScratchpad());
#else
    const dnnl::pooling_forward::primitive_desc description(
        {dnnl::prop_kind::forward_inference, dnnl::algorithm::pooling_max, desc_of(from), desc_of(to),
         strides, kernel, before, after},
        UserScratchpad(), engine);
#endif
    Step step;
    step.primitive = dnnl::pooling_forward(description);
    return finish(std::move(step), description, from, to);
  };
  const auto other = [](Slot slot) { return slot == kSlotA ? kSlotB : kSlotA; };

  const BackboneSpec& spec = network.spec;
  Activation x{kSlotA, 3, shape.width, shape.height, type};
  plan->input_desc = dnnl::memory::desc({shape.count, 3, shape.height, shape.width}, Type::f32, Tag::nhwc);
  plan->first_desc = desc_of(x);
  for (const ConvSpec& unit : spec.stem) x = convolve(unit, x, other(x.slot), false, unit.relu, type);
  if (spec.max_pool) x = pool(x, other(x.slot));
  for (const auto& stage : spec.stages) {
    for (const BlockSpec& block : stage) {
      const Activation in = x;
      Slot sum_slot = in.slot;
      if (block.shortcut) {
        sum_slot = other(in.slot);
        convolve(*block.shortcut, in, sum_slot, false, false, type);
      }
      for (std::size_t i = 0; i < block.chain.size(); ++i) {
        const bool last = i + 1 == block.chain.size();
        const Slot to = last ? sum_slot : x.slot == kSlotT ? kSlotU : kSlotT;
        x = convolve(block.chain[i], x, to, last, last || block.chain[i].relu, type);
      }
    }
  }
  for (std::size_t i = 0; i < spec.tail.size(); ++i) {
    // The pooling takes powers: the last map is float32 where it can be.
    const Type to_type = i + 1 == spec.tail.size() ? Type::f32 : type;
    x = convolve(spec.tail[i], x, other(x.slot), false, spec.tail[i].relu, to_type);
  }
  plan->last = x.slot;
  plan->last_type = x.type;
  plan->positions = static_cast<std::size_t>(x.width) * static_cast<std::size_t>(x.height);
  return plan;
}

std::shared_ptr<const Plan> CpuNetwork::State::PlanFor(const Shape& shape) const {
  const std::lock_guard lock(mutex);
  for (auto it = plans.begin(); it != plans.end(); ++it) {
    if ((*it)->shape == shape) {
      plans.splice(plans.begin(), plans, it);
      return plans.front();
    }
  }
  std::shared_ptr<const Plan> plan = MakePlan(shape);
  plans.push_front(plan);
  if (plans.size() > kMaxPlans) plans.pop_back();
  return plan;
}

std::pair<std::size_t, AlignedBytes> CpuNetwork::State::TakeArena(std::size_t bytes) const {
  {
    const std::lock_guard lock(mutex);
    for (auto it = arenas.begin(); it != arenas.end(); ++it) {
      if (it->first >= bytes) {
        auto arena = std::move(*it);
        arenas.erase(it);
        return arena;
      }
    }
    if (!arenas.empty()) arenas.pop_back();  // too small: its memory makes room for the larger one
  }
  return {bytes, Allocate(bytes)};
}

void CpuNetwork::State::GiveBack(std::pair<std::size_t, AlignedBytes> arena) const {
  const std::lock_guard lock(mutex);
  arenas.push_back(std::move(arena));
}

// Returns the last map.
const std::byte* CpuNetwork::State::Execute(const Plan& plan, const float* input, std::byte* arena) const {
  std::byte* slots[kSlots];
  for (int i = 0; i < kSlots; ++i) {
    slots[i] = arena;
    arena += (plan.slot_bytes[i] + kAlignment - 1) / kAlignment * kAlignment;
  }
  dnnl::stream stream(engine);
  dnnl::memory source(plan.input_desc, engine, const_cast<float*>(input));
  dnnl::memory first(plan.first_desc, engine, slots[kSlotA]);
  dnnl::reorder(source, first).execute(stream, source, first);
  for (const Step& step : plan.steps) {
    std::unordered_map<int, dnnl::memory> arguments = {
        {DNNL_ARG_SRC, dnnl::memory(step.from_desc, engine, slots[step.from])},
        {DNNL_ARG_DST, dnnl::memory(step.to_desc, engine, slots[step.to])},
        {DNNL_ARG_SCRATCHPAD, dnnl::memory(step.scratchpad_desc, engine, arena)}};
    if (step.weights) {
      arguments.emplace(DNNL_ARG_WEIGHTS, step.weights);
      arguments.emplace(DNNL_ARG_BIAS, step.bias);
    }
    step.primitive.execute(stream, arguments);
  }
  stream.wait();
  return slots[plan.last];
}

CpuNetwork::CpuNetwork(std::unique_ptr<State> state) : state_(std::move(state)) {}
CpuNetwork::~CpuNetwork() = default;

Result<std::unique_ptr<CpuNetwork>> CpuNetwork::Make(NetworkWeights weights, bool bfloat16) {
  try {
    auto state = std::make_unique<State>();
    state->network = std::move(weights);
    state->bfloat16 = bfloat16;
    state->type = bfloat16 ? Type::bf16 : Type::f32;
    state->TakeWeights();
    return std::unique_ptr<CpuNetwork>(new CpuNetwork(std::move(state)));
  } catch (const dnnl::error& failure) {
    return Error{ErrorCode::kInternal, std::string("oneDNN could not take the network: ") + failure.what()};
  }
}

Result<std::vector<float>> CpuNetwork::Run(const float* input, int count, int width, int height,
                                           int threads) const {
  const State& state = *state_;
  const NetworkWeights& network = state.network;
  const auto channels = static_cast<std::size_t>(network.spec.channels());
  const auto rows = static_cast<std::size_t>(count);
  std::vector<float> values(rows * channels);
  try {
    const ThreadScope scope(threads);
    const auto plan = state.PlanFor({count, width, height, threads});
    auto arena = state.TakeArena(plan->ArenaBytes());
    const std::byte* map = state.Execute(*plan, input, arena.second.get());
    std::vector<float> widened;
    for (std::size_t r = 0; r < rows; ++r) {
      const std::size_t numbers = plan->positions * channels;
      const float* picture = reinterpret_cast<const float*>(map) + r * numbers;
      if (plan->last_type == Type::bf16) {
        widened.resize(numbers);
        WidenBfloat16(reinterpret_cast<const std::uint16_t*>(map) + r * numbers, numbers, widened.data());
        picture = widened.data();
      }
      PoolGem(picture, plan->positions, channels, network.gem_p, values.data() + r * channels);
    }
    state.GiveBack(std::move(arena));
  } catch (const dnnl::error& failure) {
    return Error{ErrorCode::kInternal, std::string("oneDNN could not run the network: ") + failure.what()};
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kTooLarge, "there is not enough memory for " + std::to_string(count) +
                                           " pictures of " + std::to_string(width) + "x" +
                                           std::to_string(height) + "; give fewer at a time"};
  }
  for (std::size_t i = 0; i < network.head.size(); ++i) {
    if (i > 0) ApplyLeakyRelu(network.head_slope, values);
    std::vector<float> next(rows * static_cast<std::size_t>(network.head[i].out));
    ApplyLinear(network.head[i], values.data(), rows, next.data());
    values = std::move(next);
  }
  return values;
}

int CpuNetwork::dimension() const {
  return state_->network.dimension();
}

bool CpuNetwork::bfloat16() const {
  return state_->bfloat16;
}

bool CpuNetwork::HasBfloat16() {
  const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const auto wanted = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  return (isa & wanted) == wanted;
}

}  // namespace kantei::nn
