// A hierarchical navigable small world graph (Malkov and Yashunin, arXiv:1603.09320) over rows of int8 codes. Private to
// store/.
//
// Vectors are inserted in batches. Every vector of a batch searches the graph as it was before the batch, and sees its
// batch-mates by looking at all of them; then the links back are made, each list by one thread. So the graph is the same for
// any number of threads, and no lock is needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "kantei/base/result.h"
#include "kantei/store/vector_format.h"
#include "kantei/store/vector_kernels.h"
#include "kantei/store/vector_memory.h"
#include "kantei/store/vector_rows.h"

namespace kantei::store {

/// A node with its similarity to the query.
struct Near {
  float similarity = 0;
  std::uint32_t node = 0;
};

/// What a search needs besides the graph; made once a thread and used again.
class HnswScratch;

class HnswGraph {
 public:
  HnswGraph(const VectorIndexOptions& options, const VectorKernels& kernels);
  HnswGraph(HnswGraph&& other) noexcept;
  HnswGraph& operator=(HnswGraph&& other) noexcept;
  ~HnswGraph();

  /// The layers of a file that ReadVectorFile has checked. False when there is no memory.
  [[nodiscard]] bool Load(const VectorFileView& view);
  std::size_t size() const { return layers_.empty() ? 0 : layers_[0].size; }
  std::int64_t MemoryBytes() const;

  /// Adds the rows behind those it has. `rows` lie in memory. kTooLarge when there is no memory; then nothing has changed.
  Status Insert(const VectorRows& rows, int threads);

  /// The `effort` nearest rows that were met, also dead ones, best first. Thread-safe.
  void Search(const VectorRows& rows, const Int8Query& query, float query_scale, std::size_t effort,
              std::vector<Near>* found) const;

  /// The graph without the dead rows, the others numbered anew in their order: who was linked to a dead one gets links to
  /// those behind it. kTooLarge when there is no memory.
  Result<HnswGraph> WithoutDead(const VectorRows& rows, int threads) const;

  std::vector<LayerView> Layers() const;
  void FillHeader(VectorHeader* header) const;

 private:
  struct Layer {
    GrowArray<std::uint32_t> links;  ///< slots a node, kNoLink behind the last
    GrowArray<std::uint32_t> below;  ///< node of the layer below; none in layer 0
    GrowArray<std::uint32_t> row;    ///< none in layer 0, whose nodes are rows
    std::size_t size = 0;
  };
  struct Batch;
  friend class HnswScratch;

  std::size_t Slots(std::size_t layer) const { return LayerSlots(links_, layer); }
  std::uint32_t RowOf(std::size_t layer, std::uint32_t node) const {
    return layer == 0 ? node : layers_[layer].row[node];
  }
  std::size_t LevelOf(std::uint64_t serial) const;
  [[nodiscard]] bool Grow(std::size_t layer, std::size_t size);
  Status InsertBatch(const VectorRows& rows, std::size_t first, std::size_t count, int threads);
  void Choose(const VectorRows& rows, Batch* batch, std::size_t i, HnswScratch* scratch);
  void LinkBack(const VectorRows& rows, Batch* batch, int threads);

  /// Moves to the most similar neighbour until there is none.
  Near Descend(const VectorRows& rows, std::size_t layer, Near start, const Int8Query& query, float scale,
               HnswScratch* scratch) const;
  /// Best-first search that keeps `effort` nodes; the result is scratch's pool.
  void Beam(const VectorRows& rows, std::size_t layer, Near start, const Int8Query& query, float scale,
            std::size_t effort, HnswScratch* scratch) const;
  /// Of candidates, best first, those that are nearer to the centre than to every one taken before, at most `most`; then,
  /// up to `links_`, the best of the others. All are nodes of `layer`.
  void Diversify(const VectorRows& rows, std::size_t layer, std::vector<Near>* candidates, std::size_t most,
                 HnswScratch* scratch) const;
  void Similarities(const VectorRows& rows, std::size_t layer, std::span<const std::uint32_t> nodes,
                    const Int8Query& query, float scale, HnswScratch* scratch) const;

  std::unique_ptr<HnswScratch> TakeScratch() const;
  void GiveScratch(std::unique_ptr<HnswScratch> scratch) const;

  int links_;
  std::size_t effort_;
  std::uint64_t seed_;
  std::uint64_t serial_ = 0;  ///< rows ever inserted
  std::uint32_t entry_ = 0;   ///< node of the top layer
  const VectorKernels* kernels_;
  std::vector<Layer> layers_;
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace kantei::store
