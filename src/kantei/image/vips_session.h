// libvips in this process: started once, at first need, and made quiet. Private to image/.
#pragma once

#include <memory>
#include <string>

#include "kantei/base/result.h"

struct _VipsImage;
struct _VipsRegion;

namespace kantei::image {

/// Starts libvips at the first call (tens of milliseconds: it loads its codec modules). Thread-safe.
Status StartVips();

struct UnrefObject {
  void operator()(void* object) const;
};
using VipsPtr = std::unique_ptr<_VipsImage, UnrefObject>;
using RegionPtr = std::unique_ptr<_VipsRegion, UnrefObject>;

/// Collects what libvips says on this thread while it lives; nothing of it reaches stderr.
class VipsWarnings {
 public:
  VipsWarnings();
  ~VipsWarnings();
  VipsWarnings(const VipsWarnings&) = delete;
  VipsWarnings& operator=(const VipsWarnings&) = delete;

  void Add(const char* message);
  int count() const { return count_; }
  const std::string& first() const { return first_; }

 private:
  std::string first_;
  int count_ = 0;
  VipsWarnings* outer_;
};

/// Moves the error text of libvips, which all threads share, into the debug log.
void DropVipsError();

}  // namespace kantei::image
