//! A VA-API driver in software, which the real libva loads as it loads a vendor's.
