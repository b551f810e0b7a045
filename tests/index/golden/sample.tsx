import React from "react";

type Props = { title: string; onClose: () => void };

export const Dialog: React.FC<Props> = ({ title, onClose }) => {
  const [open, setOpen] = React.useState(false);
  return <Panel open={open} onClick={() => setOpen(check(open))}>{title}<Close.Button action={onClose} /></Panel>;
};
