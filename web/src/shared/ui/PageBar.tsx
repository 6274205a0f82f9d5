/** The bar on top of a screen that is no picture: what it is, then its filters and acts. */

import type { ReactNode } from 'react';

export function PageBar({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="toolbar">
      <h1 className="page-title">{title}</h1>
      {children}
    </div>
  );
}
