#include "kantei/image/vips_session.h"

#include <glib-object.h>
#include <vips/vips.h>

#include "kantei/base/log.h"

namespace kantei::image {
namespace {

thread_local VipsWarnings* current = nullptr;

void OnLog(const gchar* /*domain*/, GLogLevelFlags level, const gchar* message, gpointer /*data*/) {
  if ((level & (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR)) == 0) return;
  if (current != nullptr && message != nullptr) current->Add(message);
}

bool InitialiseVips() {
  if (vips_init("kantei") != 0) return false;
  const auto levels = static_cast<GLogLevelFlags>(G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION);
  for (const char* domain : {"VIPS", "GLib-GObject", "GLib"})
    g_log_set_handler(domain, levels, OnLog, nullptr);
  // Kantei parallelises over pictures; a cache of operations would only keep dead pictures alive.
  vips_cache_set_max(0);
  vips_concurrency_set(1);
  // Only the loaders that decode_vips.cc calls by name may run, whatever libvips was built with.
  vips_block_untrusted_set(TRUE);
  vips_operation_block_set("VipsForeignLoad", TRUE);
  for (const char* loader : {"VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadWebp",
                             "VipsForeignLoadNsgif", "VipsForeignLoadTiff", "VipsForeignLoadHeif"}) {
    vips_operation_block_set(loader, FALSE);
  }
  return true;
}

}  // namespace

Status StartVips() {
  static const bool started = InitialiseVips();
  if (!started) {
    DropVipsError();
    return Error{ErrorCode::kUnavailable, "libvips cannot be started; check its installation"};
  }
  return {};
}

void UnrefObject::operator()(void* object) const {
  g_object_unref(object);
}

VipsWarnings::VipsWarnings() : outer_(current) {
  current = this;
}
VipsWarnings::~VipsWarnings() {
  current = outer_;
}

void VipsWarnings::Add(const char* message) {
  if (count_++ == 0) first_ = message;
}

void DropVipsError() {
  char* text = vips_error_buffer_copy();
  if (text == nullptr) return;
  if (*text != '\0') LogDebug(text);
  g_free(text);
}

}  // namespace kantei::image
